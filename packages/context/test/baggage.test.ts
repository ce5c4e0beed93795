import { describe, expect, it } from "vitest";
import { KEEP_ALL, filterBaggage } from "../src/baggage.ts";
import { PARENT_LINE, SPANS, pass, valuesOf } from "./heads.ts";

const filter = (options: object, ...values: string[]) => filterBaggage({ ...KEEP_ALL, ...options }, values);

describe("baggage", () => {
  it("passes as it is where nothing in it is to go", () => {
    expect(filter({}, "a=1;p=2, b=2", "c=3")).toBeUndefined();
    expect(filter({ keep: ["a"], drop: ["b"] }, " a=1 ")).toBeUndefined();
    expect(filter({})).toBeUndefined();
  });

  it("keeps and drops by key and by the beginning of keys, and drop wins", () => {
    expect(filter({ keep: ["sentry-*", "a"] }, "a=1,sentry-x=2;q,b=3")).toBe("a=1,sentry-x=2;q");
    expect(filter({ drop: ["user.*"] }, "user.id=7", "a=1, user.name=x")).toBe("a=1");
    expect(filter({ keep: ["a"], drop: ["*"] }, "a=1")).toBeNull();
    expect(filter({ keep: [] }, "a=1")).toBeNull();
  });

  it("drops what has no key and leaves none empty", () => {
    expect(filter({}, "a=1,,x,=2, b = 3")).toBe("a=1,b = 3");
    expect(filter({}, " , ")).toBeNull();
  });

  it("has limits of members and bytes, whole members only", () => {
    expect(filter({ maxMembers: 2 }, "a=1,b=2,c=3")).toBe("a=1,b=2");
    expect(filter({ maxBytes: 7 }, "a=1,b=2,c=3")).toBe("a=1,b=2");
    expect(filter({ maxBytes: 6 }, "a=1,b=2,c=3")).toBe("a=1");
    expect(filter({ maxBytes: 0 }, "a=1")).toBeNull();
  });

  it("is filtered at a boundary whatever becomes of the trace", () => {
    const lines = ["traceparent", PARENT_LINE, "Baggage", "a=1,b=2"];
    const policy = { baggage: { drop: ["b"] } };
    expect(valuesOf(pass(lines, policy).left, "baggage")).toEqual(["a=1"]);
    expect(valuesOf(pass(lines, policy, SPANS).left, "baggage")).toEqual(["a=1"]);
    expect(valuesOf(pass(lines.slice(2), { ...policy, start: false }).left, "baggage")).toEqual(["a=1"]);
    const clean = ["traceparent", PARENT_LINE, "baggage", "a=1"];
    expect(pass(clean, policy).left).toBe(clean);
    expect(valuesOf(pass(lines, { trust: "ignore" }).left, "baggage")).toEqual([]);
  });
});
