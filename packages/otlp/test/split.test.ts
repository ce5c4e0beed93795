import { describe, expect, it } from "vitest";
import { type Batch, forEachSpan, mergeBatches, readBatch, splitBatch } from "@tracemend/otlp";
import { concat, fixed64, len, num, pair, span, spanId, str, traces } from "./support/bytes.ts";
import { batch } from "./support/read.ts";
import { decodeBatch, type Message } from "./support/reference.ts";

const spans = (from: number, to: number): Uint8Array[] =>
  Array.from({ length: to - from }, (_, index) => span(from + index));

function ids(pieces: readonly Batch[]): string[][] {
  return pieces.map((piece) => {
    const seen: string[] = [];
    forEachSpan(piece, (view) => seen.push(`${String(view.resourceAttribute("service.name"))} ${view.spanId()}`));
    return seen;
  });
}

const id = (service: string, number: number): string => `${service} ${spanId(number)}`;

describe("splitBatch", () => {
  const shop = batch(traces([pair(1, "service.name", "shop")], ...spans(1, 4)));
  const cart = batch(traces([pair(1, "service.name", "cart")], ...spans(4, 6)));
  const merged = mergeBatches([shop, cart]);

  it("returns a batch within the limit as it is", () => {
    expect(splitBatch(merged, {})).toEqual([merged]);
    expect(splitBatch(merged, { maxItems: 5, maxBytes: merged.bytes })[0]).toBe(merged);
  });

  it("cuts by items, over parts, with the resource of each span", () => {
    const pieces = splitBatch(merged, { maxItems: 2 });
    expect(ids(pieces)).toEqual([[id("shop", 1), id("shop", 2)], [id("shop", 3), id("cart", 4)], [id("cart", 5)]]);
    for (const piece of pieces)
      expect(readBatch("traces", concat(...piece.parts))).toMatchObject({ batch: { items: piece.items } });
  });

  it("cuts by bytes so that no piece is larger", () => {
    const maxBytes = 120;
    const pieces = splitBatch(merged, { maxBytes });
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) expect(piece.bytes).toBeLessThanOrEqual(maxBytes);
    expect(ids(pieces).flat()).toEqual(ids([merged]).flat());
  });

  it("gives a span that is too large a piece of its own", () => {
    const large = batch(traces([], span(1), span(2, str(5, "x".repeat(500))), span(3)));
    expect(splitBatch(large, { maxBytes: 200 }).map((piece) => piece.items)).toEqual([1, 1, 1]);
  });

  it("repeats unknown fields, schema and a resource that stands behind the spans", () => {
    const body = concat(
      num(99, 5),
      len(1, len(2, span(1), str(3, "s"), span(2)), str(1000, "u"), len(1, pair(1, "a", "b"))),
    );
    const piece = (number: number): Uint8Array =>
      concat(num(99, 5), len(1, str(1000, "u"), len(1, pair(1, "a", "b")), len(2, str(3, "s"), span(number))));
    expect(splitBatch(batch(body), { maxItems: 1 }).map((part) => concat(...part.parts))).toEqual([piece(1), piece(2)]);
  });

  it("leaves envelopes without items behind", () => {
    const body = concat(len(1, len(2)), traces([], span(1)), len(1), traces([], span(2)));
    expect(splitBatch(batch(body), { maxItems: 1 }).map((piece) => concat(...piece.parts))).toEqual([
      traces([], span(1)),
      traces([], span(2)),
    ]);
  });

  it("cuts a metric between its data points and keeps what describes it", () => {
    const points = [1n, 2n, 3n].map((value) => len(1, fixed64(3, value), fixed64(6, value)));
    const body = len(
      1,
      len(2, len(2, str(1, "requests"), len(7, ...points, num(2, 2), num(3, 1)), str(3, "{request}"))),
    );
    const pieces = splitBatch(batch(body, "metrics"), { maxItems: 2 });
    expect(pieces.map((piece) => piece.items)).toEqual([2, 1]);
    const metrics = pieces.map((piece) => {
      const [resource] = decodeBatch(piece)["resourceMetrics"] as { scopeMetrics: { metrics: Message[] }[] }[];
      return resource!.scopeMetrics[0]!.metrics[0]!;
    });
    for (const metric of metrics) {
      expect(metric).toMatchObject({
        name: "requests",
        unit: "{request}",
        sum: { aggregationTemporality: 2, isMonotonic: true },
      });
    }
    const times = metrics.flatMap((metric) =>
      (metric["sum"] as { dataPoints: Message[] }).dataPoints.map((p) => p["timeUnixNano"]),
    );
    expect(times).toEqual(["1", "2", "3"]);
  });

  it("does not take a metric with several kinds of data apart", () => {
    const odd = len(2, str(1, "odd"), len(5, len(1), len(1)), len(7, len(1), len(1)));
    const body = len(1, len(2, len(2, len(5, len(1))), odd));
    expect(splitBatch(batch(body, "metrics"), { maxItems: 1 }).map((piece) => concat(...piece.parts))).toEqual([
      len(1, len(2, len(2, len(5, len(1))))),
      len(1, len(2, odd)),
    ]);
  });

  it("stops repeating a huge resource after 8 MiB", () => {
    const body = batch(traces([pair(1, "a", "x".repeat(1024 * 1024))], ...spans(1, 1001)));
    const pieces = splitBatch(body, { maxItems: 1 });
    expect(pieces.length).toBeLessThan(12);
    expect(pieces.reduce((sum, piece) => sum + piece.items, 0)).toBe(1000);
  });

  it("never cuts profiles", () => {
    const profiles = batch(len(1, len(2, len(2), len(2))), "profiles");
    expect(splitBatch(profiles, { maxItems: 1 })).toEqual([profiles]);
  });

  it("throws for a limit that is none", () => {
    expect(() => splitBatch(merged, { maxItems: 0 })).toThrow("maxItems must be a whole number above 0, not 0");
    expect(() => splitBatch(merged, { maxBytes: 1.5 })).toThrow(TypeError);
  });
});
