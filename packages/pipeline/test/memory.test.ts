import { describe, expect, test } from "vitest";
import { createMemory, ownBytes } from "../src/memory.ts";

const large = 100_000;

describe("memory", () => {
  test("that was given is taken again, for as many bytes or fewer", () => {
    const memory = createMemory(1_000_000);
    const first = memory.take(large);
    expect(first.byteLength).toBeGreaterThanOrEqual(large);
    memory.give(first);
    expect(memory.take(3 * large)).not.toBe(first);
    expect(memory.take(large - 1)).toBe(first);
    expect(memory.take(large - 1)).not.toBe(first);
  });

  test("is kept up to a limit", () => {
    const memory = createMemory(2 * large);
    const taken = [memory.take(large), memory.take(large)];
    for (const one of taken) memory.give(one);
    expect(taken.filter((one) => one === memory.take(large)).length).toBe(1);
  });

  test("for few bytes is not worth keeping", () => {
    const memory = createMemory(1_000_000);
    const small = memory.take(10);
    expect(small.byteLength).toBe(10);
    memory.give(small);
    expect(memory.take(10)).not.toBe(small);
  });

  test("that others will use again is copied by those who keep it, and no other", () => {
    const lent = createMemory(1_000_000).take(large).fill(7);
    const part = lent.subarray(10, 20);
    const own = ownBytes(part);
    lent.fill(8);
    expect(own).toEqual(Buffer.alloc(10, 7));
    expect(ownBytes(own)).toBe(own);
  });
});
