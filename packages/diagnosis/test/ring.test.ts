import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { capacityFor, createChains, createRing } from "../src/ring.ts";

describe("hash chains over a ring", () => {
  it("hold exactly the records that the ring still holds, newest first", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 }), { maxLength: 100 }), (hashes) => {
        const ring = createRing(16);
        const chains = createChains(ring);
        const model: { hash: number; record: number }[] = [];
        for (const hash of hashes) {
          const record = ring.advance();
          chains.add(hash, record);
          model.push({ hash, record });
        }
        const held = model.slice(-16);
        expect(ring.oldest()).toBe(hashes.length === 0 ? 1 : (held[0]?.record ?? 0));
        for (let hash = 0; hash <= 5; hash += 1) {
          const found: number[] = [];
          // Other hashes may share the bucket; the caller compares keys.
          for (let record = chains.first(hash); record !== 0; record = chains.after(record)) {
            if (model[record - 1]?.hash === hash) found.push(record);
          }
          expect(found).toEqual(
            held
              .filter((entry) => entry.hash === hash)
              .map(({ record }) => record)
              .toReversed(),
          );
        }
      }),
    );
  });

  it("follow a chain of ids that were chosen to collide only so far", () => {
    const ring = createRing(1024);
    const chains = createChains(ring);
    for (let at = 0; at < 1024; at += 1) chains.add(7, ring.advance());
    let steps = 0;
    for (let record = chains.first(7); record !== 0; record = chains.after(record)) steps += 1;
    expect(steps).toBe(64);
  });

  it("have the largest power of two of records that fits", () => {
    expect(capacityFor(1000, 10)).toBe(64);
    expect(capacityFor(0, 10)).toBe(16);
  });
});
