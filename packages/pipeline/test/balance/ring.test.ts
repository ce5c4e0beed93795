import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defineRing } from "../../src/balance/ring.ts";
import type { Ring } from "../../src/balance/ring.ts";

/** Hashes of traces, as even as those of `hashTraceId`. */
const traces = Array.from({ length: 2 ** 17 }, (_, index) => Math.imul(index, 0x9e3779b1) >>> 0);
const peersOf = (count: number): { key: string }[] =>
  Array.from({ length: count }, (_, index) => ({ key: `10.0.0.${index}:4317` }));

describe("a ring", () => {
  test("gives every peer about its share", () => {
    for (const count of [2, 5, 16, 100]) {
      const ring = defineRing(peersOf(count));
      const owned = new Map<number, number>();
      for (const trace of traces) {
        const owner = ring.ownerOf(trace);
        owned.set(owner, (owned.get(owner) ?? 0) + 1);
      }
      // Six standard deviations of a fair draw of the ring's slots.
      const share = 2 ** 15 / count;
      for (const number of owned.values()) expect(Math.abs(number / 4 - share)).toBeLessThan(6 * Math.sqrt(share));
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
        const owner = peers[before.ownerOf(trace)];
        if (owner === gone) moved += 1;
        else if (after.peers[after.ownerOf(trace)] !== owner) throw new Error(`${trace} moved without need`);
      }
      expect(moved / traces.length).toBeGreaterThan(0.9 / count);
      expect(moved / traces.length).toBeLessThan(1.1 / count + 0.005);
    }
  });

  test("knows the owner whatever the order of the peers", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.webAuthority(), { minLength: 1, maxLength: 12 }),
        fc.nat(2 ** 32 - 1),
        fc.infiniteStream(fc.nat()),
        (keys, trace, order) => {
          const peers = keys.map((key) => ({ key }));
          const draws = new Map(peers.map((peer) => [peer, order.next().value as number]));
          const shuffled = peers.toSorted((one, other) => (draws.get(one) ?? 0) - (draws.get(other) ?? 0));
          const ownerIn = (ring: Ring<{ key: string }>): string | undefined => ring.peers[ring.ownerOf(trace)]?.key;
          expect(ownerIn(defineRing(shuffled))).toBe(ownerIn(defineRing(peers)));
        },
      ),
    );
  });

  test("of nobody has no owner", () => {
    expect(defineRing([]).peers[defineRing([]).ownerOf(1)]).toBeUndefined();
  });
});
