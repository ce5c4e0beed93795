import { expect, it } from "vitest";
import { hashTraceId } from "../src/index.ts";
import { PARENT_LINE, TRACE } from "./heads.ts";

it("a trace id has one hash, by itself and in its place in a traceparent", () => {
  expect(hashTraceId(PARENT_LINE, 3, 35)).toBe(hashTraceId(TRACE));
  expect(hashTraceId(PARENT_LINE)).not.toBe(hashTraceId(TRACE));
});
