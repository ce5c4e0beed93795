import { expect, it } from "vitest";
import { read } from "../../src/foreign/azure.ts";
import { PARENT, TRACE } from "../heads.ts";

const heard = (value: string) => read(["Request-Id", value]);

it("a Request-Id with ids is continued, any other is only recognised", () => {
  expect(heard(`|${TRACE}.${PARENT}.1_`)).toMatchObject({
    kind: "valid",
    context: { traceId: TRACE, parentId: PARENT, sampling: "defer" },
  });
  for (const value of [
    "|root.a.b_",
    "4bf92f35",
    `|${TRACE}.1.`,
    `|${"0".repeat(32)}.${PARENT}.`,
    `|${TRACE}.${PARENT}`,
  ])
    expect(heard(value)).toEqual({ kind: "recognised" });
  for (const value of ["", "x".repeat(1025)]) expect(heard(value)).toEqual({ kind: "malformed" });
});
