import { expect, it } from "vitest";
import { read, write } from "../../src/foreign/gcp.ts";
import { TRACE } from "../heads.ts";

const S = "18446744073709551615";
const heard = (value: string) => {
  const reading = read(["X-Cloud-Trace-Context", value]);
  if (reading?.kind !== "valid") return reading?.kind;
  return [reading.context.traceId, reading.context.parentId, reading.context.sampling];
};

it("all nine forms are read", () => {
  const all = "ffffffffffffffff";
  expect(heard(TRACE)).toEqual([TRACE, undefined, "defer"]);
  expect(heard(`${TRACE}/`)).toEqual([TRACE, undefined, "defer"]);
  expect(heard(`${TRACE}/${S}`)).toEqual([TRACE, all, "defer"]);
  expect(heard(`${TRACE};o=`)).toEqual([TRACE, undefined, "defer"]);
  expect(heard(`${TRACE};o=1`)).toEqual([TRACE, undefined, "accept"]);
  expect(heard(`${TRACE}/;o=`)).toEqual([TRACE, undefined, "defer"]);
  expect(heard(`${TRACE}/;o=1`)).toEqual([TRACE, undefined, "accept"]);
  expect(heard(`${TRACE}/${S};o=`)).toEqual([TRACE, all, "defer"]);
  expect(heard(`${TRACE}/${S};o=1`)).toEqual([TRACE, all, "accept"]);
});

it("span 0 is no parent, o=0 refuses, and an upper-case trace id is seen", () => {
  expect(heard(`${TRACE}/0;o=1`)).toEqual([TRACE, undefined, "accept"]);
  expect(heard(`${TRACE}/1;o=0`)).toEqual([TRACE, "0000000000000001", "deny"]);
  expect(heard(`${TRACE.toUpperCase()}/1`)).toEqual([TRACE, "0000000000000001", "defer"]);
});

it("anything else is malformed", () => {
  for (const value of [
    "",
    "/1;o=1",
    `${TRACE}/x`,
    `${TRACE}/${S}0`,
    `${TRACE}/1/2`,
    `${TRACE};o=2`,
    `${TRACE};p=1`,
    `${TRACE};o=1;x`,
  ])
    expect([value, heard(value)]).toEqual([value, "malformed"]);
  expect(heard("0".repeat(32))).toBe("malformed");
});

it("the span id is written in decimals, digit for digit", () => {
  const outgoing = { traceId: TRACE, parentId: "0020000000000001", idDigits: 32, rest: "" } as const;
  expect(write({ ...outgoing, sampling: "accept" })[0]?.value).toBe(`${TRACE}/9007199254740993;o=1`);
  expect(write({ ...outgoing, sampling: "defer" })[0]?.value).toBe(`${TRACE}/9007199254740993`);
});
