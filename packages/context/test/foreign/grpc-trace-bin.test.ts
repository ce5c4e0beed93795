import { Buffer } from "node:buffer";
import { expect, it } from "vitest";
import { read, write } from "../../src/foreign/grpc-trace-bin.ts";
import { PARENT, TRACE } from "../heads.ts";

const BYTES = `0000${TRACE}01${PARENT}0201`;
const base64 = (hex: string) => Buffer.from(hex, "hex").toString("base64");
const heard = (value: string) => {
  const reading = read(["grpc-trace-bin", value]);
  return reading?.kind === "valid"
    ? [reading.context.traceId, reading.context.parentId, reading.context.sampling]
    : reading?.kind;
};

it("is read with padding and without", () => {
  expect(base64(BYTES)).toMatch(/=$/);
  expect(heard(base64(BYTES))).toEqual([TRACE, PARENT, "accept"]);
  expect(heard(base64(BYTES).replaceAll("=", ""))).toEqual([TRACE, PARENT, "accept"]);
});

it("tells a refusal from an open decision", () => {
  expect(heard(base64(BYTES.replace(/01$/, "00")))).toEqual([TRACE, PARENT, "deny"]);
  expect(heard(base64(BYTES.slice(0, -4)))).toEqual([TRACE, PARENT, "defer"]);
});

it("takes fields in any order and stops at one it does not know", () => {
  expect(heard(base64(`00020101${PARENT}00${TRACE}`))).toEqual([TRACE, PARENT, "accept"]);
  expect(heard(base64(`${BYTES.slice(0, -4)}07ffff0201`))).toEqual([TRACE, PARENT, "defer"]);
});

it("anything short, empty, of another version or not base64 is malformed", () => {
  for (const value of [
    "",
    "AA",
    base64(BYTES.slice(0, 20)),
    base64(`01${BYTES.slice(2)}`),
    "!!!",
    base64(`0000${TRACE}`),
    "A".repeat(600),
  ])
    expect([value.slice(0, 20), heard(value)]).toEqual([value.slice(0, 20), "malformed"]);
});

it("is written as 29 bytes without padding", () => {
  const [edit] = write({ traceId: TRACE, parentId: PARENT, sampling: "accept", idDigits: 32, rest: "" });
  expect(edit).toEqual({ name: "grpc-trace-bin", value: base64(BYTES).replaceAll("=", "") });
});
