import { describe, expect, it } from "vitest";
import { KEY_WORDS } from "../src/id-words.ts";
import { createSeenSpans } from "../src/seen-spans.ts";

const keyOf = (at: number) =>
  Uint32Array.from({ length: KEY_WORDS }, (_, word) => Math.imul(at + 1, 0x9e3779b1) ^ word);

describe("the seen spans", () => {
  it("never deny one they were told of, and rarely claim one they were not", () => {
    const seen = createSeenSpans(16_384, 60_000, 1);
    for (let at = 0; at < 4_000; at += 1) seen.add(keyOf(at), 1);
    let wrong = 0;
    for (let at = 0; at < 4_000; at += 1) {
      expect(seen.has(keyOf(at))).toBe(true);
      if (seen.has(keyOf(at + 1_000_000))) wrong += 1;
    }
    expect(wrong).toBeLessThan(120);
  });

  it("remember for one window at least and two at most", () => {
    const seen = createSeenSpans(16_384, 60_000, 1);
    seen.add(keyOf(1), 100_000);
    seen.add(keyOf(2), 150_000);
    seen.add(keyOf(3), 170_000);
    expect(seen.has(keyOf(2))).toBe(true);
    seen.add(keyOf(4), 240_000);
    expect(seen.has(keyOf(1))).toBe(false);
    expect(seen.has(keyOf(3))).toBe(true);
  });
});
