import { PassThrough } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inflate, readBody } from "../../src/receive/body.ts";
import type { Body } from "../../src/receive/body.ts";
import { createByteBudget } from "../../src/receive/budget.ts";
import type { Lease } from "../../src/receive/budget.ts";
import { never, over } from "../batches.ts";

function bodyIn(lease: Lease, bytes: Uint8Array): Body {
  const held = lease.grow(bytes.byteLength);
  held?.bytes.set(bytes);
  return { kind: "body", bytes, held };
}

describe("a body", () => {
  test("comes out as it went in, however it was cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 })), fc.nat(20_000), async (chunks, expectedBytes) => {
        const source = new PassThrough();
        const reading = readBody(source, expectedBytes, 10_000, createByteBudget(100_000).lease(), never);
        // The chunks belong to the reader, which may free them.
        for (const chunk of chunks) source.write(Uint8Array.from(chunk));
        source.end();
        const { bytes } = (await reading) as Body;
        expect(Buffer.concat([bytes])).toEqual(Buffer.concat(chunks));
      }),
    );
  });

  test("of exactly the limit is taken, and one byte more is not", async () => {
    for (const [bytes, kind] of [
      [100, "body"],
      [101, "too-large"],
    ] as const) {
      const source = new PassThrough();
      source.end(Buffer.alloc(bytes));
      expect((await readBody(source, 0, 100, createByteBudget(1_000).lease(), never)).kind).toBe(kind);
    }
  });

  test("that is cut off has no sender left", async () => {
    const source = new PassThrough();
    const reading = readBody(source, 0, 100, createByteBudget(1_000).lease(), never);
    source.write("a");
    source.destroy(new Error("reset"));
    expect(await reading).toEqual({ kind: "gone" });
  });

  test("is not waited for once the signal has aborted", async () => {
    const reading = await readBody(new PassThrough(), 0, 100, createByteBudget(100).lease(), over);
    expect(reading).toEqual({ kind: "slow" });
  });

  test("takes no more memory for what was announced than sixteen times what came", async () => {
    const budget = createByteBudget(1_000_000);
    const source = new PassThrough();
    void readBody(source, 500_000, 500_000, budget.lease(), never);
    source.write(Buffer.alloc(1_000));
    await new Promise(setImmediate);
    expect(budget.usedBytes).toBe(16_000);
    source.write(Buffer.alloc(499_000));
    await new Promise(setImmediate);
    expect(budget.usedBytes).toBe(500_000);
  });

  test("in chunks of one byte costs no more than a few times its bytes", async () => {
    const budget = createByteBudget(1_000);
    const source = new PassThrough();
    const reading = readBody(source, 0, 10_000, budget.lease(), never);
    for (let count = 0; count < 500; count++) source.write("a");
    source.end();
    expect((await reading).kind).toBe("body");
  });

  test("counts against the budget until its lease ends", async () => {
    const budget = createByteBudget(150);
    const first = budget.lease();
    const source = new PassThrough();
    source.end(Buffer.alloc(100));
    await readBody(source, 0, 1_000, first, never);
    expect(budget.usedBytes).toBeGreaterThanOrEqual(100);
    const second = new PassThrough();
    second.end(Buffer.alloc(100));
    expect(await readBody(second, 0, 1_000, budget.lease(), never)).toEqual({ kind: "busy" });
    first.end();
    expect(budget.usedBytes).toBe(0);
  });
});

describe("inflating", () => {
  const plain = Buffer.alloc(300_000, "otlp");

  test.for([
    ["gzip", gzipSync(plain)],
    ["zstd", zstdCompressSync(plain)],
  ] as const)("%s counts the output against the budget and gives the input back", async ([compression, bytes]) => {
    const budget = createByteBudget(1_000_000);
    const lease = budget.lease();
    const reading = await inflate(bodyIn(lease, bytes), compression, 300_000, lease, never);
    expect(reading.kind === "body" && Buffer.from(reading.bytes).equals(plain)).toBe(true);
    expect(budget.usedBytes).toBeGreaterThanOrEqual(300_000);
    expect(budget.usedBytes).toBeLessThan(310_000);
  });

  test.for(["gzip", "zstd"] as const)("%s stops at the limit long before the end of a bomb", async (compression) => {
    const zeros = Buffer.alloc(64_000_000);
    const bomb = compression === "gzip" ? gzipSync(zeros) : zstdCompressSync(zeros);
    const budget = createByteBudget(10_000_000);
    const lease = budget.lease();
    expect(await inflate(bodyIn(lease, bomb), compression, 1_000_000, lease, never)).toEqual({ kind: "too-large" });
    expect(budget.usedBytes).toBeLessThan(1_100_000);
  });

  test("is busy when the budget of all requests is used up first", async () => {
    const lease = createByteBudget(100_000).lease();
    expect(await inflate(bodyIn(lease, gzipSync(plain)), "gzip", 1_000_000, lease, never)).toEqual({ kind: "busy" });
  });

  test("random bytes are malformed or nothing, never an exception", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array(),
        fc.constantFrom("gzip" as const, "zstd" as const),
        async (bytes, compression) => {
          const lease = createByteBudget(10_000).lease();
          const reading = await inflate(bodyIn(lease, bytes), compression, 1_000, lease, never);
          expect(["malformed", "body"]).toContain(reading.kind);
        },
      ),
    );
  });
});
