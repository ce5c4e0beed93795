import { expect, it } from "vitest";
import { read, write } from "../../src/foreign/b3-multi.ts";
import { PARENT, TRACE } from "../heads.ts";

const IDS = ["X-B3-TraceId", TRACE, "X-B3-SpanId", PARENT];
const heard = (...lines: string[]) => {
  const reading = read(lines);
  return reading?.kind === "valid" ? reading.context.sampling : reading?.kind;
};

it("b3 in several headers has four ways to sample, and debug beats the others", () => {
  expect(heard(...IDS)).toBe("defer");
  for (const [value, sampling] of [
    ["1", "accept"],
    ["true", "accept"],
    ["0", "deny"],
    ["false", "deny"],
    ["d", "debug"],
    ["yes", "malformed"],
    ["", "malformed"],
  ])
    expect([value, heard(...IDS, "X-B3-Sampled", value as string)]).toEqual([value, sampling]);
  expect(heard(...IDS, "X-B3-Sampled", "0", "X-B3-Flags", "1")).toBe("debug");
});

it("a grandparent of '-' or nothing harms no context, and is removed when it is written anew", () => {
  for (const value of ["-", "", "x"])
    expect(heard(...IDS, "x-b3-parentspanid", value, "x-b3-sampled", "1")).toBe("accept");
  const edits = write({ traceId: TRACE, parentId: PARENT, sampling: "debug", idDigits: 32, rest: "" });
  expect(edits).toEqual([
    { name: "x-b3-traceid", value: TRACE },
    { name: "x-b3-spanid", value: PARENT },
    { name: "x-b3-parentspanid", value: null },
    { name: "x-b3-sampled", value: null },
    { name: "x-b3-flags", value: "1" },
  ]);
});

it("one id without the other is malformed; a decision may stand alone", () => {
  expect(heard("x-b3-traceid", TRACE)).toBe("malformed");
  expect(heard("x-b3-spanid", PARENT, "x-b3-sampled", "1")).toBe("malformed");
  expect(heard("x-b3-traceid", TRACE, "x-b3-spanid", "-")).toBe("malformed");
  expect(heard("x-b3-sampled", "0")).toBe("deny");
  expect(heard("x-b3-parentspanid", PARENT)).toBeUndefined();
});
