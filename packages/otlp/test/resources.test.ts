import { describe, expect, it } from "vitest";
import { countResources, mergeBatches, shardByResource } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import { type Bytes, concat, len, pair, span, str } from "./support/bytes.ts";
import { batch } from "./support/read.ts";

const service = (name: string, ...ids: readonly number[]): Bytes =>
  len(1, len(2, ...ids.map((id) => span(id))), len(1, pair(1, "other", "x"), pair(1, "service.name", name)));
const byService = (whole: Batch): [unknown, number, Bytes][] =>
  Array.from(
    shardByResource(whole, (resource) => resource.attribute("service.name")),
    ([name, shard]) => [name, shard.items, concat(...shard.parts)],
  );

describe("shardByResource", () => {
  it("keeps what belongs to one resource together, and every byte", () => {
    const [a1, b, a2] = [service("a", 1, 2), service("b", 3), service("a", 4)];
    expect(byService(batch(concat(a1, b, a2)))).toEqual([
      ["a", 3, concat(a1, a2)],
      ["b", 1, b],
    ]);
  });

  it("returns the batch itself when there is one shard", () => {
    const whole = mergeBatches([batch(service("a", 1)), batch(service("a", 2))]);
    expect([...shardByResource(whole, () => 1).values()][0]).toBe(whole);
  });

  it("leaves unknown fields with what stands before them", () => {
    const [a, b, unknown] = [service("a", 1), service("b", 2), str(99, "x")];
    expect(byService(batch(concat(unknown, a, unknown, b)))).toEqual([
      [undefined, 0, unknown],
      ["a", 1, concat(a, unknown)],
      ["b", 1, b],
    ]);
  });

  it("shows profiles and an empty request as one resource without attributes", () => {
    expect(byService(batch(len(1, len(1, pair(1, "service.name", "a"))), "profiles"))).toHaveLength(1);
    expect(byService(batch(new Uint8Array(0)))).toEqual([[undefined, 0, new Uint8Array(0)]]);
  });
});

describe("countResources", () => {
  it("counts envelopes, empty ones too", () => {
    expect(countResources(batch(concat(service("a", 1), len(1), len(1))))).toBe(3);
  });
});
