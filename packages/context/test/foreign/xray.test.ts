import { expect, it } from "vitest";
import { read, write } from "../../src/foreign/xray.ts";
import { PARENT, TRACE } from "../heads.ts";

const ROOT = `Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}`;
const heard = (value: string) => {
  const reading = read(["X-Amzn-Trace-Id", value]);
  return reading?.kind === "valid" ? reading.context : reading?.kind;
};

it("a load balancer's root alone is a trace id without a parent", () => {
  expect(heard(ROOT)).toEqual({ traceId: TRACE, parentId: undefined, sampling: "defer", idDigits: 32, rest: "" });
});

it("fields come in any order, with blanks, and those that are not ours go along", () => {
  expect(heard(`Self=1-67891234-12456789abcdef012345678; Sampled=1 ;${ROOT};Parent=${PARENT};CalledFrom=app`)).toEqual({
    traceId: TRACE,
    parentId: PARENT,
    sampling: "accept",
    idDigits: 32,
    rest: "Self=1-67891234-12456789abcdef012345678;CalledFrom=app",
  });
  expect(write({ traceId: TRACE, parentId: PARENT, sampling: "deny", idDigits: 32, rest: "Self=x;Lineage=y" })).toEqual(
    [{ name: "x-amzn-trace-id", value: `${ROOT};Parent=${PARENT};Sampled=0;Self=x;Lineage=y` }],
  );
});

it("sampling is decided, refused or left open", () => {
  for (const [value, sampling] of [
    ["1", "accept"],
    ["0", "deny"],
    ["?", "defer"],
    ["", "defer"],
  ])
    expect(heard(`${ROOT};Sampled=${value}`)).toMatchObject({ sampling });
});

it("anything else is malformed", () => {
  for (const value of [
    "",
    "Self=1-67891234-12456789abcdef012345678",
    "Root=1-zz-yy",
    ROOT.replace("Root=1", "Root=2"),
    ROOT.toUpperCase(),
    `Root=1-00000000-${"0".repeat(24)}`,
    `${ROOT};Parent=${PARENT.slice(1)}`,
    `${ROOT};Sampled=2`,
    `${ROOT};x=${"y".repeat(8000)}`,
  ])
    expect([value.slice(0, 40), heard(value)]).toEqual([value.slice(0, 40), "malformed"]);
});
