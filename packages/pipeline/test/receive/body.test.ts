import { PassThrough } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inflate, readBody } from "../../src/receive/body.ts";
import { createByteBudget } from "../../src/receive/budget.ts";
import { never, over } from "../batches.ts";

describe("a body", () => {
  test("comes out as it went in, however it was cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 })), async (chunks) => {
        const source = new PassThrough();
        const reading = readBody(source, 10_000, createByteBudget(100_000).lease(), never);
        for (const chunk of chunks) source.write(chunk);
        source.end();
        expect(await reading).toEqual({ kind: "body", bytes: Buffer.concat(chunks) });
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
      expect((await readBody(source, 100, createByteBudget(1_000).lease(), never)).kind).toBe(kind);
    }
  });

  test("that is cut off has no sender left", async () => {
    const source = new PassThrough();
    const reading = readBody(source, 100, createByteBudget(1_000).lease(), never);
    source.write("a");
    source.destroy(new Error("reset"));
    expect(await reading).toEqual({ kind: "gone" });
  });

  test("is not waited for once the signal has aborted", async () => {
    const reading = await readBody(new PassThrough(), 100, createByteBudget(100).lease(), over);
    expect(reading).toEqual({ kind: "slow" });
  });

  test("in chunks of one byte counts for what the chunks cost", async () => {
    const source = new PassThrough();
    const reading = readBody(source, 10_000, createByteBudget(10_000).lease(), never);
    for (let count = 0; count < 100; count++) source.write("a");
    expect(await reading).toEqual({ kind: "busy" });
  });

  test("counts against the budget until its lease ends", async () => {
    const budget = createByteBudget(300);
    const first = budget.lease();
    const source = new PassThrough();
    source.end(Buffer.alloc(100));
    await readBody(source, 1_000, first, never);
    expect(budget.usedBytes).toBeGreaterThanOrEqual(100);
    const second = new PassThrough();
    second.end(Buffer.alloc(100));
    expect(await readBody(second, 1_000, budget.lease(), never)).toEqual({ kind: "busy" });
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
    lease.take(bytes.byteLength);
    const reading = await inflate(bytes, compression, 300_000, lease, never);
    expect(reading.kind === "body" && Buffer.from(reading.bytes).equals(plain)).toBe(true);
    expect(budget.usedBytes).toBeGreaterThanOrEqual(300_000);
    expect(budget.usedBytes).toBeLessThan(310_000);
  });

  test.for(["gzip", "zstd"] as const)("%s stops at the limit long before the end of a bomb", async (compression) => {
    const zeros = Buffer.alloc(64_000_000);
    const bomb = compression === "gzip" ? gzipSync(zeros) : zstdCompressSync(zeros);
    const budget = createByteBudget(10_000_000);
    const lease = budget.lease();
    lease.take(bomb.byteLength);
    expect(await inflate(bomb, compression, 1_000_000, lease, never)).toEqual({ kind: "too-large" });
    expect(budget.usedBytes).toBeLessThan(1_100_000);
  });

  test("is busy when the budget of all requests is used up first", async () => {
    const lease = createByteBudget(100_000).lease();
    expect(await inflate(gzipSync(plain), "gzip", 1_000_000, lease, never)).toEqual({ kind: "busy" });
  });

  test("random bytes are malformed or nothing, never an exception", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array(),
        fc.constantFrom("gzip" as const, "zstd" as const),
        async (bytes, compression) => {
          const reading = await inflate(bytes, compression, 1_000, createByteBudget(1_000).lease(), never);
          expect(["malformed", "body"]).toContain(reading.kind);
        },
      ),
    );
  });
});
