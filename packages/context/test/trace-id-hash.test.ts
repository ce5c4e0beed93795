import { expect, it } from "vitest";
import { NOT_HEX } from "../src/hex.ts";
import { hashTraceId, hashWire, scanTraceId } from "../src/trace-id-hash.ts";
import { PARENT_LINE, TRACE } from "./heads.ts";

const OTHER = PARENT_LINE.replace("4bf9", "5bf9");

it("a traceparent has the hash of its trace id, whatever was hashed in between", () => {
  expect(scanTraceId(PARENT_LINE)).not.toBe(0);
  expect(hashWire(PARENT_LINE)).toBe(hashTraceId(TRACE));
  expect(hashTraceId(PARENT_LINE)).not.toBe(hashTraceId(TRACE));
  expect(hashWire(PARENT_LINE)).toBe(hashTraceId(TRACE));
  expect(hashTraceId(PARENT_LINE, 3, 35)).toBe(hashTraceId(TRACE));
  expect(hashWire(OTHER)).toBe(hashTraceId(OTHER.slice(3, 35)));
  expect(hashWire(PARENT_LINE)).toBe(hashTraceId(TRACE));
});

it("a scan tells a foreign character and an id that is all zero", () => {
  expect(scanTraceId(PARENT_LINE.replace("4bf9", "4Bf9")) & NOT_HEX).toBe(NOT_HEX);
  expect(scanTraceId(PARENT_LINE.replace(TRACE, "0".repeat(32)))).toBe(0);
});
