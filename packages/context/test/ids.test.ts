import { describe, expect, it } from "vitest";
import { createIds } from "../src/index.ts";

describe("ids", () => {
  it("writes the random bytes as lower-case digits", () => {
    let next = 0;
    const ids = createIds((bytes) => {
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = next += 1;
    });
    expect(ids.traceId()).toBe("0102030405060708090a0b0c0d0e0f10");
    expect(ids.spanId()).toBe("1112131415161718");
  });

  it("draws again where the bytes are all zero", () => {
    let calls = 0;
    const ids = createIds((bytes) => {
      calls += 1;
      bytes.fill(0);
      if (calls === 2) bytes[bytes.length - 1] = 1;
    });
    expect(ids.spanId()).toBe("0000000000000001");
    expect(calls).toBe(2);
  });

  it("draws in blocks and never hands out a byte twice", () => {
    let calls = 0;
    let next = 0;
    const ids = createIds((bytes) => {
      calls += 1;
      new DataView(bytes.buffer).setUint32(0, 0);
      for (let at = 0; at + 4 <= bytes.length; at += 4) new DataView(bytes.buffer).setUint32(at, (next += 1));
    });
    const drawn = new Set(Array.from({ length: 200 }, () => ids.traceId()));
    expect(drawn.size).toBe(200);
    expect(calls).toBeLessThan(6);
  });
});
