import fc from "fast-check";
import { expect, it } from "vitest";
import { Longest } from "../src/longest.ts";

it("the longest that is noted is never shorter than one that is held, nor longer than all of two rounds", () => {
  const capacity = 4;
  fc.assert(
    fc.property(fc.array(fc.double({ min: -5, max: 100, noNaN: true }), { maxLength: 30 }), (lengths) => {
      const longest = new Longest();
      for (const [at, length] of lengths.entries()) {
        longest.note(at % capacity, length);
        const held = lengths.slice(Math.max(0, at + 1 - capacity), at + 1);
        const before = lengths.slice(Math.max(0, at + 1 - 2 * capacity), at + 1);
        expect(longest.ms()).toBeGreaterThanOrEqual(Math.max(...held));
        expect(longest.ms()).toBeLessThanOrEqual(Math.max(0, ...before));
      }
    }),
  );
});
