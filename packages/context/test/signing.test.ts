import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { SigningOptions } from "../src/index.ts";
import { createSigning, firstBytes } from "../src/signing.ts";

const hmac = (key: string, text: string) => createHmac("sha256", key).update(text).digest();
const WINDOW_MS = 60_000;
const START_MS = 1_800_000_000_000;

function create(options: Partial<SigningOptions> = {}, clock = { nowMs: START_MS }) {
  return createSigning({ hmac, keys: ["k1"], windowMs: WINDOW_MS, maxUses: 1000, ...options }, () => clock.nowMs);
}

describe("a signature", () => {
  it("is good for the text it was made of and no other", () => {
    const signing = create();
    const signature = signing.sign("text");
    expect(signature).toMatch(/^[A-Za-z0-9_-]{10}$/);
    expect(signing.verify("text", signature)).toBe(true);
    expect(signing.verify("texT", signature)).toBe(false);
    expect(signing.verify("text", signature.slice(0, -1))).toBe(false);
    expect(signing.verify("text", `${signature.slice(0, -1)}${signature.endsWith("A") ? "B" : "A"}`)).toBe(false);
    expect(signing.verify("text", "")).toBe(false);
  });

  it("is the same from bytes and from hexadecimal", () => {
    const hex = create({ hmac: (key, text) => createHmac("sha256", key).update(text).digest("hex") });
    expect(hex.sign("text")).toBe(create().sign("text"));
  });

  it("outlives a change of keys while the old one is still listed", () => {
    const signature = create({ keys: ["old"] }).sign("text");
    expect(create({ keys: ["new", "old"] }).verify("text", signature)).toBe(true);
    expect(create({ keys: ["new"] }).verify("text", signature)).toBe(false);
  });

  it("is good in its window and in those beside it", () => {
    const signature = create().sign("text");
    for (const [windows, good] of [
      [-2, false],
      [-1, true],
      [0, true],
      [1, true],
      [2, false],
    ] as const) {
      const clock = { nowMs: START_MS + windows * WINDOW_MS };
      expect([windows, create({}, clock).verify("text", signature)]).toEqual([windows, good]);
    }
  });

  it("is believed so many times and no more, over two windows", () => {
    const clock = { nowMs: START_MS };
    const signing = create({ maxUses: 2 }, clock);
    const signature = signing.sign("text");
    expect([signing.verify("text", signature), signing.verify("text", signature)]).toEqual([true, true]);
    expect(signing.verify("text", signature)).toBe(false);
    clock.nowMs += WINDOW_MS;
    expect(signing.verify("text", signature)).toBe(false);
    expect(signing.verify("other", signing.sign("other"))).toBe(true);
  });

  it("needs a code of at least 16 bytes", () => {
    expect(firstBytes(new Uint8Array(15))).toBeUndefined();
    expect(firstBytes("ab".repeat(15))).toBeUndefined();
    expect(firstBytes("AB".repeat(16))).toBeUndefined();
    expect(firstBytes("00ff".repeat(8))).toBe("\u0000\u00ff".repeat(4));
  });
});
