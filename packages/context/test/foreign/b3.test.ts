import { expect, it } from "vitest";
import { read, write } from "../../src/foreign/b3.ts";
import { OTHER_PARENT, PARENT, TRACE } from "../heads.ts";

const heard = (value: string) => {
  const reading = read(["b3", value]);
  return reading?.kind === "valid" ? reading.context : reading?.kind;
};

it("b3 has ids, an open decision, a decision or debug, and a grandparent that is passed over", () => {
  const base = { traceId: TRACE, parentId: PARENT, idDigits: 32, rest: "" };
  expect(heard(`${TRACE}-${PARENT}`)).toEqual({ ...base, sampling: "defer" });
  expect(heard(`${TRACE}-${PARENT}-1`)).toEqual({ ...base, sampling: "accept" });
  expect(heard(`${TRACE}-${PARENT}-0-${OTHER_PARENT}`)).toEqual({ ...base, sampling: "deny" });
  expect(heard(`${TRACE}-${PARENT}-d`)).toEqual({ ...base, sampling: "debug" });
});

it("b3 pads a 64-bit trace id and remembers its length", () => {
  expect(heard(`a3ce929d0e0e4736-${PARENT}-1`)).toMatchObject({
    traceId: "0000000000000000a3ce929d0e0e4736",
    idDigits: 16,
  });
});

it("b3 may hold a sampling decision alone", () => {
  for (const [value, sampling] of [
    ["0", "deny"],
    ["1", "accept"],
    ["d", "debug"],
  ] as const)
    expect(heard(value)).toMatchObject({ traceId: undefined, parentId: undefined, sampling });
});

it("b3 in any other shape is malformed", () => {
  for (const value of [
    "",
    "2",
    "toString",
    TRACE,
    `${TRACE}-`,
    `${TRACE}-${PARENT}-`,
    `${TRACE}-${PARENT}-2`,
    `${TRACE}-${PARENT}-1-`,
    `${TRACE}-${PARENT}-1-${PARENT}-x`,
    `${TRACE.toUpperCase()}-${PARENT}`,
    `${"0".repeat(32)}-${PARENT}-1`,
    `${TRACE}-${"0".repeat(16)}-1`,
    `${TRACE.slice(1)}-${PARENT}-1`,
  ])
    expect([value, heard(value)]).toEqual([value, "malformed"]);
});

it("b3 is written without a grandparent", () => {
  expect(write({ traceId: TRACE, parentId: PARENT, sampling: "debug", idDigits: 32, rest: "" })).toEqual([
    { name: "b3", value: `${TRACE}-${PARENT}-d` },
  ]);
});
