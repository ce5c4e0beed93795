import { describe, expect, it } from "vitest";
import { hashTraceId, mergeBatches, shardByTrace } from "@tracemend/otlp";
import { concat, len, num, pair, span, str, traces } from "./support/bytes.ts";
import { batch } from "./support/read.ts";

const shop = pair(1, "service.name", "shop");
const cart = pair(1, "service.name", "cart");
const merged = mergeBatches([
  batch(traces([shop], span(1), span(2), span(3))),
  batch(traces([cart], span(1), span(4))),
]);
const bytesOf = (part: { parts: readonly Uint8Array[] } | undefined): Uint8Array => concat(...(part?.parts ?? []));

/** By the numbers of traces: the hash of each is that of the id `span` gives it. */
function shardOfTrace(shards: Readonly<Record<number, number>>): (traceHash: number) => number {
  const byHash = new Map(Object.entries(shards).map(([id, shard]) => [hashOf(Number(id)), shard]));
  return (traceHash) => byHash.get(traceHash) ?? NaN;
}

function hashOf(id: number): number {
  return hashTraceId(Uint8Array.from({ length: 16 }, (_, index) => (index === 15 ? id : 0)));
}

describe("shardByTrace", () => {
  it("keeps a trace together over resources, in the order of the bytes", () => {
    const shards = shardByTrace(merged, { count: 3, shardOf: shardOfTrace({ 1: 0, 2: 2, 3: 2, 4: 2 }) });
    expect([...shards.keys()]).toEqual([0, 2]);
    expect(bytesOf(shards.get(0))).toEqual(concat(traces([shop], span(1)), traces([cart], span(1))));
    expect(bytesOf(shards.get(2))).toEqual(concat(traces([shop], span(2), span(3)), traces([cart], span(4))));
    expect([...shards.values()].map((shard) => shard.items)).toEqual([2, 3]);
  });

  it("repeats unknown fields of the envelopes in every shard", () => {
    const body = concat(num(99, 1), len(1, str(1000, "u"), len(2, str(1000, "s"), span(1), span(2)), len(2, span(1))));
    const shards = shardByTrace(batch(body), { count: 2, shardOf: shardOfTrace({ 1: 0, 2: 1 }) });
    const scope = str(1000, "s");
    const first = len(1, str(1000, "u"), len(2, scope, span(1)), len(2, span(1)));
    expect(bytesOf(shards.get(0))).toEqual(concat(num(99, 1), first));
    expect(bytesOf(shards.get(1))).toEqual(concat(num(99, 1), len(1, str(1000, "u"), len(2, scope, span(2)))));
  });

  it("takes spans apart that alternate, however many there are", () => {
    const spans = Array.from({ length: 5_000 }, (_, index) => span(1 + (index % 2)));
    const shards = shardByTrace(batch(traces([shop], ...spans)), { count: 2, shardOf: shardOfTrace({ 1: 0, 2: 1 }) });
    expect(shards.get(0)?.items).toBe(2_500);
    expect(bytesOf(shards.get(1))).toEqual(traces([shop], ...spans.filter((_, index) => index % 2 === 1)));
  });

  it("writes into the memory it is given", () => {
    const memory = new Uint8Array(1_000).fill(0xff);
    const allocate = (bytes: number): Uint8Array => {
      expect(bytes).toBeLessThan(memory.length);
      return memory;
    };
    const shards = shardByTrace(merged, { count: 2, shardOf: shardOfTrace({ 1: 0, 2: 1, 3: 1, 4: 1 }), allocate });
    for (const { parts } of shards.values()) expect(parts[0]?.buffer).toBe(memory.buffer);
    expect(bytesOf(shards.get(0))).toEqual(concat(traces([shop], span(1)), traces([cart], span(1))));
  });

  it("returns the same batch when one shard owns every trace", () => {
    expect(shardByTrace(merged, { count: 9, shardOf: () => 7 })).toEqual(new Map([[7, merged]]));
    expect(shardByTrace(merged, { count: 9, shardOf: () => 7 }).get(7)).toBe(merged);
  });

  it("has no shards for a batch without spans", () => {
    expect(shardByTrace(batch(concat()), { count: 1, shardOf: () => 0 }).size).toBe(0);
  });

  it("throws for signals without traces", () => {
    const logs = batch(len(1), "metrics");
    expect(() => shardByTrace(logs, { count: 1, shardOf: () => 0 })).toThrow("metrics cannot be sharded by trace");
  });
});

describe("hashTraceId", () => {
  it("tells every byte of an id of any length", () => {
    const ids = [0, 1, 3, 4, 15, 16, 17].flatMap((length) => [
      new Uint8Array(length),
      ...Array.from({ length }, (_, at) => Uint8Array.from({ length }, (__, index) => (index === at ? 1 : 0))),
    ]);
    expect(new Set(ids.map((id) => hashTraceId(id))).size).toBe(ids.length);
  });

  it("looks at no more than the id", () => {
    const bytes = Uint8Array.of(9, 1, 2, 3, 9);
    expect(hashTraceId(bytes, 1, 4)).toBe(hashTraceId(Uint8Array.of(1, 2, 3)));
  });
});
