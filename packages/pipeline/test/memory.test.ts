import { describe, expect, test } from "vitest";
import { createMemory, hold, isWasteful, ownBytes, release, spoil } from "../src/memory.ts";

const large = 100_000;

describe("memory", () => {
  test("is taken again once everybody who held it has released it", () => {
    const memory = createMemory(1_000_000);
    const first = memory.take(large);
    expect(first.byteLength).toBeGreaterThanOrEqual(large);
    const parts = [first.subarray(10, 20), first.subarray(20)];
    hold(parts);
    hold([first]);
    release(parts);
    expect(memory.take(large)).not.toBe(first);
    release([first]);
    expect(memory.take(large)).toBe(first);
    expect(memory.take(large)).not.toBe(first);
  });

  test("is not taken for much fewer bytes, which would count for less than they keep", () => {
    const memory = createMemory(1_000_000);
    const first = memory.take(large);
    hold([first]);
    release([first]);
    expect(memory.take(large / 2)).not.toBe(first);
    expect(isWasteful(first.subarray(0, large))).toBe(false);
    expect(isWasteful(first.subarray(0, large / 2))).toBe(true);
  });

  test("that something may still read is never taken again", () => {
    const memory = createMemory(1_000_000);
    const first = memory.take(large);
    hold([first]);
    spoil([first.subarray(5)]);
    release([first]);
    expect(memory.take(large)).not.toBe(first);
    expect(memory.keptBytes).toBe(0);
  });

  test("is kept up to a limit", () => {
    const memory = createMemory(2 * large);
    const taken = [memory.take(large), memory.take(large)];
    hold(taken);
    release(taken);
    expect(memory.keptBytes).toBe(taken[0]?.byteLength);
  });

  test("for few bytes, and that of others, is let be", () => {
    const memory = createMemory(1_000_000);
    const few = [memory.take(10), new Uint8Array(large)];
    hold(few);
    release(few);
    spoil(few);
    expect(memory.keptBytes).toBe(0);
    expect(memory.take(10).byteLength).toBe(10);
  });

  test("that is used again is copied by those who keep it without holding it", () => {
    const lent = createMemory(1_000_000).take(large).fill(7);
    const own = ownBytes(lent.subarray(10, 20));
    lent.fill(8);
    expect(own).toEqual(Buffer.alloc(10, 7));
    expect(ownBytes(own)).toBe(own);
  });
});
