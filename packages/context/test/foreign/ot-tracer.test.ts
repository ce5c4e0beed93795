import { expect, it } from "vitest";
import { read, write } from "../../src/foreign/ot-tracer.ts";
import { PARENT, TRACE } from "../heads.ts";

const heard = (...values: string[]) => {
  const reading = read(
    ["traceid", "spanid", "sampled"].flatMap((name, at) =>
      values[at] === undefined ? [] : [`ot-tracer-${name}`, values[at]],
    ),
  );
  return reading?.kind === "valid" ? [reading.context.traceId, reading.context.sampling] : reading?.kind;
};

it("both lengths of id and both kinds of boolean are read", () => {
  expect(heard(TRACE, PARENT, "true")).toEqual([TRACE, "accept"]);
  expect(heard(TRACE.slice(16), PARENT, "0")).toEqual([TRACE.slice(16).padStart(32, "0"), "deny"]);
  expect(heard(TRACE, PARENT)).toEqual([TRACE, "defer"]);
  for (const bad of [[TRACE], [TRACE, "x"], [TRACE, PARENT, "maybe"], ["0".repeat(16), PARENT, "1"]])
    expect(heard(...bad)).toBe("malformed");
});

it("the low half is written, as the format's readers expect", () => {
  expect(write({ traceId: TRACE, parentId: PARENT, sampling: "deny", idDigits: 32, rest: "" })).toEqual([
    { name: "ot-tracer-traceid", value: TRACE.slice(16) },
    { name: "ot-tracer-spanid", value: PARENT },
    { name: "ot-tracer-sampled", value: "false" },
  ]);
});
