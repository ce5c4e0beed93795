import { describe, expect, test } from "vitest";
import { encodeSpans } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import { createRecordingSink } from "../../../test/support/recording-sink.ts";
import { batchOf, eventually, expectBalanced, never, over, rowOf } from "./batches.ts";
import { closers, destinationOf, protocols, start, startSink } from "./harness.ts";

function ownSpan(): Batch {
  return encodeSpans({ "service.name": "gateway" }, { name: "tracemend", version: "1" }, [
    {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      name: "GET",
      kind: "server",
      startMs: 1_700_000_000_000,
      endMs: 1_700_000_000_005,
      attributes: {},
    },
  ]);
}

describe("a reservation", () => {
  test.for(protocols)(
    "is granted over %s once the destination is connected, and its span arrives",
    async (protocol) => {
      const sink = await startSink();
      const seenByTap: number[] = [];
      const { pipeline, seen } = start({
        attributes: { "deployment.region": "eu" },
        destinations: [destinationOf(sink, protocol)],
        observe: (batch) => seenByTap.push(batch.items),
      });
      expect(pipeline.reserve(100)).toBeUndefined();
      await seen("reachable");
      const reservation = pipeline.reserve(ownSpan().bytes);
      reservation?.fill(ownSpan());
      await sink.until(() => sink.items("traces") === 1);
      expect(JSON.stringify(sink.received[0]?.message)).toContain('"deployment.region","value":{"stringValue":"eu"}');
      expect(seenByTap).toEqual([1]);
      await pipeline.close(never);
      expectBalanced(pipeline.ledger());
      expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ received: 1, exported: 1 });
    },
  );

  test.for([
    ["grpc", 401],
    ["grpc", 404],
    ["http/protobuf", 401],
    ["http/protobuf", 404],
    ["http/protobuf", 500],
  ] as const)(
    "is not granted over %s while the destination answers %i to whatever it is sent",
    async ([protocol, status]) => {
      const sink = await startSink();
      sink.answer({ kind: "raw", status, contentType: "text/plain", body: "no such\n tenant" });
      const { pipeline, seen } = start({ destinations: [destinationOf(sink, protocol)] });
      await seen("reachable");
      await pipeline.accept(batchOf("traces", 1), never);
      expect(await seen("unreachable")).toMatchObject({
        message: protocol === "grpc" ? `HTTP status ${status}` : `HTTP status ${status}: no such tenant`,
      });
      expect(pipeline.reserve(100)).toBeUndefined();
      sink.answer({ kind: "accept" });
      await pipeline.accept(batchOf("traces", 1), never);
      await seen("reachable");
      expect(pipeline.reserve(100)).toBeDefined();
    },
  );

  test("is granted although the destination wants no metrics, and not because one batch was bad", async () => {
    const sink = await startSink();
    sink.answer(({ signal }) =>
      signal === "metrics"
        ? { kind: "raw", status: 404, contentType: "text/plain", body: "" }
        : { kind: "refuse", message: "bad data" },
    );
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, "http/protobuf")] });
    await seen("reachable");
    for (const signal of ["metrics", "traces"] as const) {
      await pipeline.accept(batchOf(signal, 1), never);
      await seen("refused-by-peer");
    }
    expect(pipeline.reserve(100)).toBeDefined();
  });

  test("needs room in every destination that takes traces, and leaves none held when refused", async () => {
    const roomy = await startSink();
    const tight = await startSink();
    const { pipeline, seen } = start({
      destinations: [
        destinationOf(roomy, "grpc", { name: "roomy" }),
        destinationOf(tight, "grpc", { name: "tight", queue: { maxBytes: 4_096 } }),
        destinationOf(tight, "http/protobuf", { name: "logs", signals: ["logs"], queue: { maxBytes: 1 } }),
      ],
    });
    await Promise.all([seen("reachable"), seen("reachable")]);
    await eventually(() => pipeline.destinations().every((state) => state.reachable));
    const first = pipeline.reserve(2_000);
    expect(first).toBeDefined();
    expect(pipeline.reserve(2_000)).toBeUndefined();
    expect(pipeline.destinations().map((state) => state.queueBytes)).toEqual([3_024, 3_024, 0]);
    first?.release();
    expect(pipeline.destinations().map((state) => state.queueBytes)).toEqual([0, 0, 0]);
    expect(pipeline.reserve(2_000)).toBeDefined();
  });

  test("keeps its room against every other batch, stamp included", async () => {
    const sink = await startSink();
    sink.answer({ kind: "hang" });
    const span = ownSpan();
    const { pipeline, seen } = start({
      attributes: { "deployment.region": "a region with a name of some length", "cloud.zone": "z" },
      destinations: [destinationOf(sink, "grpc", { queue: { maxBytes: 8_192 } })],
    });
    await seen("reachable");
    const reservation = pipeline.reserve(span.bytes);
    while ((await pipeline.accept(batchOf("traces", 1), never)).kind === "accepted");
    reservation?.fill(span);
    const [state] = pipeline.destinations();
    expect(state?.queueBytes).toBeLessThanOrEqual(8_192);
    expect(state?.queueBytes).toBeGreaterThan(7_000);
    expectBalanced(pipeline.ledger());
  });

  test("is refused without a destination that takes traces", async () => {
    const sink = await startSink();
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, "grpc", { signals: ["logs"] })] });
    await seen("reachable");
    expect(pipeline.reserve(1)).toBeUndefined();
  });

  test("is refused while one of two destinations is away", async () => {
    const here = await startSink();
    const away = await createRecordingSink();
    const { pipeline, seen } = start({
      destinations: [destinationOf(here, "grpc"), destinationOf(away, "grpc", { name: "away" })],
    });
    await Promise.all([seen("reachable"), seen("reachable")]);
    await eventually(() => pipeline.destinations().every((state) => state.reachable));
    pipeline.reserve(1)?.release();
    await away.stop();
    await seen("unreachable");
    expect(pipeline.reserve(1)).toBeUndefined();
    closers.push(() => away.stop());
    await away.start();
    await eventually(() => pipeline.destinations().every((state) => state.reachable));
    expect(pipeline.reserve(1)).toBeDefined();
  });

  test.for(protocols)(
    "is refused over %s while sends get no answer, and granted when they do again",
    async (protocol) => {
      const sink = await startSink();
      sink.answer({ kind: "hang" });
      const more = { timeoutMs: 50, retry: { initialIntervalMs: 1 } };
      const { pipeline, seen } = start({ destinations: [destinationOf(sink, protocol, more)] });
      await seen("reachable");
      await pipeline.accept(batchOf("traces", 1), never);
      await seen("unreachable");
      expect(pipeline.reserve(1)).toBeUndefined();
      sink.answer({ kind: "accept" });
      await seen("reachable");
      expect(pipeline.reserve(1)).toBeDefined();
    },
  );

  test("is refused after GOAWAY until there is a new session", async () => {
    const sink = await startSink();
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, "grpc")] });
    await seen("reachable");
    sink.goaway();
    expect(await seen("unreachable")).toMatchObject({ message: "GOAWAY NO_ERROR" });
    expect(pipeline.reserve(1)).toBeUndefined();
    await seen("reachable");
    expect(pipeline.reserve(1)).toBeDefined();
  });

  test("is ceded to what fills another one", async () => {
    const sink = await startSink();
    sink.answer({ kind: "hang" });
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, "grpc")] });
    await seen("reachable");
    const [one, other] = [pipeline.reserve(2_000), pipeline.reserve(2_000)];
    one?.cede();
    one?.release();
    expect(() => one?.fill(ownSpan())).toThrow(TypeError);
    other?.fill(ownSpan());
    expect(pipeline.destinations()[0]?.queueBytes).toBe(ownSpan().bytes + 1_024);
  });

  test("takes a batch in memory that is used again once it has left", async () => {
    const sink = await startSink();
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, "grpc")] });
    await seen("reachable");
    const span = ownSpan();
    const memory = pipeline.allocate(100_000);
    const [part] = span.parts;
    memory.set(part as Uint8Array);
    pipeline.reserve(500)?.fill({ ...span, parts: [memory.subarray(0, span.bytes)] });
    expect(pipeline.allocate(100_000).buffer).not.toBe(memory.buffer);
    await sink.until(() => sink.items("traces") === 1);
    await eventually(() => pipeline.destinations()[0]?.queueBytes === 0);
    expect(pipeline.allocate(100_000).buffer).toBe(memory.buffer);
  });

  test("is filled at most once, and releasing it afterwards changes nothing", async () => {
    const sink = await startSink();
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, "grpc")] });
    await seen("reachable");
    const reservation = pipeline.reserve(500);
    reservation?.fill(ownSpan());
    reservation?.release();
    expect(() => reservation?.fill(ownSpan())).toThrow(TypeError);
    await pipeline.close(never);
    expect(sink.items("traces")).toBe(1);
    expect(pipeline.destinations()[0]?.queueBytes).toBe(0);
  });

  test("filled after closing counts as dropped by shutdown", async () => {
    const sink = await startSink();
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, "grpc")] });
    await seen("reachable");
    const reservation = pipeline.reserve(500);
    await pipeline.close(over);
    reservation?.fill(ownSpan());
    expectBalanced(pipeline.ledger());
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ received: 1, dropped: { shutdown: 1 } });
    expect(pipeline.reserve(1)).toBeUndefined();
  });
});
