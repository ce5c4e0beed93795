import { describe, expect, it } from "vitest";
import { KEY_WORDS } from "../src/id-words.ts";
import type { SeenSpans } from "../src/seen-spans.ts";
import { createSeenSpans } from "../src/seen-spans.ts";

const keyOf = (at: number) =>
  Uint32Array.from({ length: KEY_WORDS }, (_, word) => Math.imul(at + 1, 0x9e3779b1) ^ word);

function add(seen: SeenSpans, at: number, nowMs: number): void {
  seen.add(keyOf(at), KEY_WORDS, 1, nowMs, new Uint8Array(1));
}

describe("the seen spans", () => {
  it("never deny one they were told of, and rarely claim one they were not", () => {
    const seen = createSeenSpans(16_384, 60_000, 1);
    for (let at = 0; at < 4_000; at += 1) add(seen, at, 1);
    let wrong = 0;
    for (let at = 0; at < 4_000; at += 1) {
      expect(seen.has(keyOf(at))).toBe(true);
      if (seen.has(keyOf(at + 1_000_000))) wrong += 1;
    }
    expect(wrong).toBeLessThan(120);
  });

  it("remember for one window at least and two at most", () => {
    const seen = createSeenSpans(16_384, 60_000, 1);
    add(seen, 1, 100_000);
    add(seen, 2, 150_000);
    add(seen, 3, 170_000);
    expect(seen.has(keyOf(2))).toBe(true);
    add(seen, 4, 240_000);
    expect(seen.has(keyOf(1))).toBe(false);
    expect(seen.has(keyOf(3))).toBe(true);
  });

  it("tell of many at once which were there before", () => {
    const seen = createSeenSpans(16_384, 60_000, 1);
    const ids = new Uint32Array(100 * 8);
    for (let at = 0; at < 100; at += 1) ids.set(keyOf(at % 90), at * 8);
    const repeated = new Uint8Array(100);
    seen.add(ids, 8, 100, 1, repeated);
    expect([...repeated.entries()].filter(([, was]) => was === 1).map(([at]) => at)).toEqual(
      Array.from({ length: 10 }, (_, at) => 90 + at),
    );
    for (let at = 0; at < 90; at += 1) expect(seen.has(keyOf(at))).toBe(true);
  });
});
