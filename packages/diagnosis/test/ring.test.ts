import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Chains } from "../src/ring.ts";
import { capacityFor, createChains, createLateChains, createRing } from "../src/ring.ts";

function walk(chains: Chains, hash: number): readonly number[] {
  const records: number[] = [];
  if (chains.isEmpty()) return records;
  for (let record = chains.first(hash); record !== 0; record = chains.after(record, hash)) records.push(record);
  return records;
}

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
          for (let record = chains.first(hash); record !== 0; record = chains.after(record, hash)) {
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
    for (let record = chains.first(7); record !== 0; record = chains.after(record, 7)) steps += 1;
    expect(steps).toBe(64);
  });

  it("are the same where records are taken in only once they are looked for", () => {
    const asked = fc.record({ hash: fc.constantFrom(undefined, 0, 1, 17, -1), look: fc.boolean() });
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 100 }), (steps) => {
        const ring = createRing(16);
        const eager = createChains(ring);
        const hashes: (number | undefined)[] = [];
        const late = createLateChains(ring, (slot) => hashes[slot]);
        const found: (readonly number[])[] = [];
        const wanted: (readonly number[])[] = [];
        for (const { hash, look } of steps) {
          const record = ring.advance();
          hashes[ring.slot(record)] = hash;
          if (hash !== undefined) eager.add(hash, record);
          if (!look) continue;
          found.push(walk(late, hash ?? 0));
          wanted.push(walk(eager, hash ?? 0));
        }
        expect(found).toEqual(wanted);
      }),
    );
  });

  it("may begin side by side with those of another ring", () => {
    const words = new Int32Array(2 * 64);
    const few = createRing(16);
    const many = createRing(64);
    const first = createChains(few, { words, stride: 2, at: 0 });
    const links = { words: new Int32Array(3 * 64), stride: 3, at: 2 };
    const second = createChains(many, { words, stride: 2, at: 1 }, links);
    for (let hash = 0; hash < 100; hash += 1) {
      first.add(hash, few.advance());
      second.add(hash, many.advance());
    }
    expect(walk(first, 99)).toEqual([100]);
    expect(walk(first, 40)).toEqual([]);
    expect(walk(second, 40)).toEqual([41]);
  });

  it("forget numbers before they come round again", () => {
    const ring = createRing(16);
    const chains = createChains(ring);
    chains.add(3, ring.advance());
    // From here on nothing has that hash, until the first record's number would stand for a new one.
    for (let at = 1; at < 2 ** 24 + 8; at += 1) chains.add(at % 2, ring.advance());
    expect(walk(chains, 3)).toEqual([]);
  });

  it("have the largest power of two of records that fits", () => {
    expect(capacityFor(1000, 10)).toBe(64);
    expect(capacityFor(0, 10)).toBe(16);
  });
});
