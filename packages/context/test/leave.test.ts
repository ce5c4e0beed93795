import { describe, expect, it } from "vitest";
import { parseCarrier } from "../src/index.ts";
import { PARENT_LINE, SPANS, pass, valuesOf } from "./heads.ts";

describe("what leaves beside the context", () => {
  const carrier = { field: "x-request-id", send: true };

  it("is the caller's own value where a carrier would not fit", () => {
    const lines = ["traceparent", PARENT_LINE, "x-request-id", "r".repeat(500)];
    expect(valuesOf(pass(lines, { carrier }, SPANS).left, "x-request-id")).toEqual(["r".repeat(500)]);
  });

  it("is one carrier for several lines of the field, with all they said", () => {
    const { left } = pass(["traceparent", PARENT_LINE, "x-request-id", "a", "X-Request-Id", "b"], { carrier }, SPANS);
    expect(valuesOf(left, "x-request-id").map((value) => parseCarrier(value)?.original)).toEqual(["a, b"]);
  });

  it("is no carrier of a border before us, whatever became of the context", () => {
    const sent = pass(["traceparent", PARENT_LINE], { carrier: { send: true } }).left.slice(2);
    for (const policy of [{}, { start: false }, { repair: "on" }, { trust: "restart" }] as const)
      expect(valuesOf(pass(sent, { ...policy, carrier: { read: true } }).left, "x-tracemend-context")).toEqual([]);
  });
});
