import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defineRing } from "../../src/balance/ring.ts";

const hex = (value: number): string => value.toString(16).padStart(32, "0");
const traces = Array.from({ length: 20_000 }, (_, index) => hex(index * 7_919 + 1));
const peersOf = (count: number): { key: string }[] =>
  Array.from({ length: count }, (_, index) => ({ key: `10.0.0.${index}:4317` }));

describe("a ring", () => {
  test("gives every peer about its share", () => {
    for (const count of [2, 5, 16, 100]) {
      const ring = defineRing(peersOf(count));
      const owned = new Map<string, number>();
      for (const trace of traces) {
        const key = ring.ownerOf(trace)?.key ?? "";
        owned.set(key, (owned.get(key) ?? 0) + 1);
      }
      const share = traces.length / count;
      // Six standard deviations of a fair draw.
      for (const number of owned.values()) expect(Math.abs(number - share)).toBeLessThan(6 * Math.sqrt(share));
      expect(owned.size).toBe(count);
    }
  });

  test("moves about 1/N of the traces when one of N goes, and none that it did not own", () => {
    for (const count of [2, 3, 10, 50]) {
      const peers = peersOf(count);
      const before = defineRing(peers);
      const gone = peers[Math.floor(count / 2)];
      const after = defineRing(peers.filter((peer) => peer !== gone));
      let moved = 0;
      for (const trace of traces) {
        const owner = before.ownerOf(trace);
        if (owner === gone) moved += 1;
        else if (after.ownerOf(trace) !== owner) throw new Error(`${trace} moved without need`);
      }
      expect(moved / traces.length).toBeGreaterThan(0.9 / count);
      expect(moved / traces.length).toBeLessThan(1.1 / count + 0.005);
    }
  });

  test("knows the owner whatever the order of the peers", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.webAuthority(), { minLength: 1, maxLength: 12 }),
        fc.string({ minLength: 32, maxLength: 32 }),
        fc.infiniteStream(fc.nat()),
        (keys, trace, order) => {
          const peers = keys.map((key) => ({ key }));
          const draws = new Map(peers.map((peer) => [peer, order.next().value as number]));
          const shuffled = peers.toSorted((one, other) => (draws.get(one) ?? 0) - (draws.get(other) ?? 0));
          expect(defineRing(shuffled).ownerOf(trace)).toBe(defineRing(peers).ownerOf(trace));
        },
      ),
    );
  });

  test("of nobody has no owner", () => {
    expect(defineRing([]).ownerOf(hex(1))).toBeUndefined();
  });
});
