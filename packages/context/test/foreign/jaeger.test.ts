import { expect, it } from "vitest";
import { read, write } from "../../src/foreign/jaeger.ts";
import { PARENT, TRACE } from "../heads.ts";

const heard = (value: string) => {
  const reading = read(["uber-trace-id", value]);
  if (reading?.kind !== "valid") return reading?.kind;
  const { traceId, parentId, sampling, idDigits } = reading.context;
  return [traceId, parentId, sampling, idDigits];
};

it("ids without leading zeros are padded, percent-encoded colons are read", () => {
  expect(heard(`${TRACE}:${PARENT}:0:1`)).toEqual([TRACE, PARENT, "accept", 32]);
  expect(heard("abc:1:0:00")).toEqual(["abc".padStart(32, "0"), "1".padStart(16, "0"), "deny", 16]);
  expect(heard(`${TRACE.slice(1)}%3A${PARENT}%3a0%3A3`)).toEqual([
    TRACE.slice(1).padStart(32, "0"),
    PARENT,
    "debug",
    32,
  ]);
});

it("anything else is malformed", () => {
  for (const value of [
    "",
    `${TRACE}:${PARENT}:0`,
    `${TRACE}:${PARENT}:0:x`,
    `${TRACE}:${PARENT}:0:111`,
    `0:${PARENT}:0:1`,
    `${TRACE}:0:0:1`,
    `${TRACE}0:${PARENT}:0:1`,
    `${TRACE}:${PARENT}:0:1:1`,
  ])
    expect([value, heard(value)]).toEqual([value, "malformed"]);
});

it("is written with a parent of 0 and a short id as it came", () => {
  const [edit] = write({
    traceId: "abc".padStart(32, "0"),
    parentId: PARENT,
    sampling: "debug",
    idDigits: 16,
    rest: "",
  });
  expect(edit?.value).toBe(`${"abc".padStart(16, "0")}:${PARENT}:0:3`);
});
