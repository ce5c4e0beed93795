/** A destination of several peers, each a real collector. */
import { describe, expect, test } from "vitest";
import { readBatch, splitBatch } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import type { BalanceOptions, DestinationOptions } from "@tracemend/pipeline";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { encodeRequest } from "../../../../test/support/otlp-reference.ts";
import type { Recorded, RecordingSink } from "../../../../test/support/recording-sink.ts";
import { batchOf, eventually, expectBalanced, never, over, rowOf } from "../batches.ts";
import { destinationOf, protocols, start, startSink } from "../harness.ts";
import type { Protocol } from "../harness.ts";

const hostOf = (sink: RecordingSink, protocol: Protocol): string =>
  new URL(protocol === "grpc" ? sink.grpcEndpoint : sink.httpEndpoint).host;

function balanced(
  sinks: readonly RecordingSink[],
  protocol: Protocol,
  more: Partial<BalanceOptions> = {},
  options: Partial<DestinationOptions> = {},
): DestinationOptions {
  const peers = sinks.map((sink) => hostOf(sink, protocol));
  const balance: BalanceOptions = { resolver: { kind: "static", peers }, ...more };
  const retry = { initialIntervalMs: 1, maxIntervalMs: 1 };
  return destinationOf(sinks[0] as RecordingSink, protocol, { balance, retry, ...options });
}

/** Spans of `traces` traces, `each` of every one, in turns; all names differ. */
function tracesBatch(traces: number, each: number, from = 0): Batch {
  const spans = Array.from({ length: traces * each }, (_, index) => {
    const trace = Buffer.alloc(16);
    trace.writeUInt32BE(from + 1 + (index % traces));
    return { traceId: trace, spanId: new Uint8Array(8).fill(1), name: `s${from}-${index}` };
  });
  const reading = readBatch("traces", encodeRequest("traces", { resourceSpans: [{ scopeSpans: [{ spans }] }] }));
  if (reading.kind !== "batch") throw new TypeError(reading.defect.message);
  return reading.batch;
}

const spanFields = (request: Recorded, field: string): string[] =>
  [...JSON.stringify(request.message).matchAll(new RegExp(`"${field}":"([^"]+)"`, "g"))].map((match) => match[1] ?? "");
const tracesAt = (sink: RecordingSink): Set<string> =>
  new Set(sink.received.flatMap((request) => spanFields(request, "traceId")));
const namesAt = (sinks: readonly RecordingSink[]): string[] =>
  sinks.flatMap((sink) => sink.received.flatMap((request) => spanFields(request, "name")));

describe.for(protocols)("peers over %s", (protocol) => {
  test("get all spans of a trace, however the batches are cut", async () => {
    const sinks = [await startSink(), await startSink(), await startSink()];
    const { pipeline } = start({ destinations: [balanced(sinks, protocol)] });
    const whole = tracesBatch(30, 6);
    for (const piece of splitBatch(whole, { maxItems: 7 })) await pipeline.accept(piece, never);
    await pipeline.accept(whole, never);
    await pipeline.close(never);
    const owned = sinks.map(tracesAt);
    expect(owned.reduce((sum, traces) => sum + traces.size, 0)).toBe(30);
    for (const traces of owned) expect(traces.size).toBeGreaterThan(0);
    expectBalanced(pipeline.ledger());
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ received: 360, exported: 360 });
  });

  test("when one of three fails, only its shard goes again, and no span arrives twice", async () => {
    const sinks = [await startSink(), await startSink(), await startSink()];
    const [sick] = sinks as [RecordingSink];
    sick.answer({ kind: "busy" });
    const ejection = { consecutiveFailures: 3 };
    const { pipeline, seen } = start({ destinations: [balanced(sinks, protocol, { ejection })] });
    for (let round = 0; round < 10; round++) await pipeline.accept(tracesBatch(20, 3, 100 * round), never);
    expect(await seen("peer-ejected")).toMatchObject({ destination: "a", peer: hostOf(sick, protocol) });
    await eventually(() => rowOf(pipeline.ledger(), "a").exported === 600);
    expectBalanced(pipeline.ledger());
    const names = namesAt(sinks);
    expect(names).toHaveLength(600);
    expect(new Set(names).size).toBe(600);
    expect(sick.received).toEqual([]);
  });

  test("that die in the middle cost nothing and double nothing", async () => {
    const sinks = [await startSink(), await startSink(), await startSink()];
    const [, dying] = sinks as [RecordingSink, RecordingSink];
    const { pipeline, seen } = start({
      destinations: [balanced(sinks, protocol, { ejection: { consecutiveFailures: 2 } })],
    });
    await pipeline.accept(tracesBatch(20, 2), never);
    await eventually(() => rowOf(pipeline.ledger(), "a").exported === 40);
    await dying.stop();
    for (let round = 1; round < 8; round++) await pipeline.accept(tracesBatch(20, 2, 100 * round), never);
    await seen("peer-ejected");
    await eventually(() => rowOf(pipeline.ledger(), "a").exported === 320);
    expectBalanced(pipeline.ledger());
    const names = namesAt(sinks);
    expect(names).toHaveLength(320);
    expect(new Set(names).size).toBe(320);
  });

  test("that are all sick are not all ejected, and what waits goes out when they recover", async () => {
    const sinks = [await startSink(), await startSink()];
    for (const sink of sinks) sink.answer({ kind: "busy" });
    const ejection = { consecutiveFailures: 1, maxShare: 0.5 };
    const { pipeline, seen } = start({ destinations: [balanced(sinks, protocol, { ejection })] });
    await pipeline.accept(tracesBatch(20, 2), never);
    await seen("peer-ejected");
    await Promise.all(sinks.map((sink) => sink.until(() => sink.attempts > 0)));
    expectBalanced(pipeline.ledger());
    for (const sink of sinks) sink.answer({ kind: "accept" });
    await eventually(() => rowOf(pipeline.ledger(), "a").exported === 40);
    expect(new Set(namesAt(sinks)).size).toBe(40);
  });

  test("that are all gone from the start are told as one unreachable destination, until one of them is there", async () => {
    const sinks = [await startSink(), await startSink()];
    const [first] = sinks as [RecordingSink];
    for (const sink of sinks) await sink.stop();
    const { pipeline, seen } = start({ destinations: [balanced(sinks, protocol)] });
    expect(await seen("unreachable")).toEqual({
      kind: "unreachable",
      destination: "a",
      message: expect.stringMatching(/^none of 2 peers: connect ECONNREFUSED/) as string,
    });
    expect(pipeline.destinations()[0]?.reachable).toBe(false);
    await first.start();
    expect(await seen("reachable")).toMatchObject({ destination: "a", message: "connected" });
    await first.stop();
    expect(await seen("unreachable")).toMatchObject({ destination: "a" });
  });

  test("what closing cuts off is counted", async () => {
    const sinks = [await startSink(), await startSink()];
    for (const sink of sinks) sink.answer({ kind: "hang" });
    const { pipeline } = start({ destinations: [balanced(sinks, protocol)] });
    await pipeline.accept(tracesBatch(20, 2), never);
    await Promise.all(sinks.map((sink) => sink.until(() => sink.attempts > 0)));
    await pipeline.close(over);
    expectBalanced(pipeline.ledger());
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ inFlight: 0, queued: 0, dropped: { shutdown: 40 } });
  });

  test("a poisoned shard is taken apart and the others do not notice", async () => {
    const sinks = [await startSink(), await startSink()];
    for (const sink of sinks) {
      sink.answer((request) => (request.items > 4 ? { kind: "too-large" } : { kind: "accept" }));
    }
    const { pipeline } = start({ destinations: [balanced(sinks, protocol)] });
    await pipeline.accept(tracesBatch(20, 2), never);
    await pipeline.close(never);
    expectBalanced(pipeline.ledger());
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ exported: 40 });
    expect(new Set(namesAt(sinks)).size).toBe(40);
  });

  test("share what belongs to no trace", async () => {
    const sinks = [await startSink(), await startSink()];
    const { pipeline } = start({ destinations: [balanced(sinks, protocol)] });
    for (let count = 0; count < 4; count++) await pipeline.accept(batchOf("logs", 3), never);
    await pipeline.close(never);
    expect(sinks.map((sink) => sink.items("logs"))).toEqual([6, 6]);
    expectBalanced(pipeline.ledger());
  });

  test("retries end when their time is over, for the failed shard alone", async () => {
    const sinks = [await startSink(), await startSink()];
    const [sick, well] = sinks as [RecordingSink, RecordingSink];
    sick.answer({ kind: "busy", retryAfterSeconds: 5 });
    const retry = { initialIntervalMs: 1, maxElapsedTimeMs: 2_000 };
    const { pipeline, seen } = start({ destinations: [balanced(sinks, protocol, {}, { retry })] });
    await pipeline.accept(tracesBatch(20, 2), never);
    expect(await seen("dropped")).toMatchObject({ reason: "retry-expired" });
    await eventually(() => rowOf(pipeline.ledger(), "a").inFlight === 0);
    expectBalanced(pipeline.ledger());
    const row = rowOf(pipeline.ledger(), "a");
    expect(row.exported).toBe(well.items("traces"));
    expect(row.dropped["retry-expired"]).toBe(40 - row.exported);
  });
});

describe("the peers a name server tells", () => {
  test("change while spans wait: those for a peer that left go to the others, once", async () => {
    const sinks = [await startSink(), await startSink()];
    const [staying, leaving] = sinks as [RecordingSink, RecordingSink];
    leaving.answer({ kind: "busy", retryAfterSeconds: 5 });
    const clock = createFakeClock();
    let records = sinks.map((sink) => srvOf(sink));
    const lookup = {
      resolve4: () => Promise.reject(new Error("not asked")),
      resolve6: () => Promise.reject(new Error("not asked")),
      resolveSrv: async () => records,
    };
    const balance: BalanceOptions = { resolver: { kind: "dns", record: "srv", lookup } };
    const { pipeline, seen } = start({ clock, destinations: [destinationOf(staying, "http/protobuf", { balance })] });
    expect(await seen("peers-changed")).toMatchObject({
      peers: sinks.map((sink) => hostOf(sink, "http/protobuf")).toSorted(),
    });
    await pipeline.accept(tracesBatch(20, 2), never);
    await leaving.until(() => leaving.attempts > 0);
    records = [srvOf(staying)];
    clock.advance(5_000);
    await seen("peers-changed");
    await eventually(() => rowOf(pipeline.ledger(), "a").exported === 40);
    expectBalanced(pipeline.ledger());
    expect(staying.items("traces")).toBe(40);
    expect(pipeline.destinations()[0]?.reachable).toBe(true);
  });
});

function srvOf(sink: RecordingSink): { name: string; port: number; priority: number; weight: number } {
  const { hostname, port } = new URL(sink.httpEndpoint);
  return { name: hostname, port: Number(port), priority: 0, weight: 0 };
}
