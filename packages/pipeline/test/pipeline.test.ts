import { describe, expect, test } from "vitest";
import { encodeSpans, forEachSpan } from "@tracemend/otlp";
import { createPipeline } from "@tracemend/pipeline";
import { createFakeClock } from "../../../test/support/clock.ts";
import { batchOf, eventually, expectBalanced, never, over, rowOf } from "./batches.ts";
import { closers, destinationOf, protocols, start, startSink } from "./harness.ts";

describe("a pipeline", () => {
  test.for(protocols)("takes a batch over %s to its destination", async (protocol) => {
    const sink = await startSink();
    const { pipeline } = start({ destinations: [destinationOf(sink, protocol)] });
    expect(await pipeline.accept(batchOf("traces", 3), never)).toEqual({ kind: "accepted" });
    expectBalanced(pipeline.ledger());
    await sink.until(() => sink.items("traces") === 3);
    await pipeline.close(never);
    expectBalanced(pipeline.ledger());
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ received: 3, exported: 3, queued: 0, inFlight: 0 });
  });

  test("stamps before it shows a batch to the observer, whose mistakes cost nothing", async () => {
    const sink = await startSink();
    const seen: string[] = [];
    const { pipeline } = start({
      attributes: { "deployment.region": "eu" },
      destinations: [destinationOf(sink, "grpc")],
      observe(batch) {
        seen.push(Buffer.concat(batch.parts).toString("latin1"));
        throw new Error("a mistake");
      },
    });
    expect(await pipeline.accept(batchOf("traces", 1), never)).toEqual({ kind: "accepted" });
    await pipeline.close(never);
    expect(seen[0]).toContain("deployment.region");
    expect(pipeline.counters()).toMatchObject({ observerErrors: 1, spoofedAttributes: 0 });
    expect(sink.items("traces")).toBe(1);
  });

  test("a log that throws costs nothing either", async () => {
    const sink = await startSink();
    sink.answer({ kind: "refuse", message: "no" });
    const pipeline = createPipeline({
      destinations: [destinationOf(sink, "grpc")],
      log() {
        throw new Error("a mistake");
      },
    });
    closers.push(() => pipeline.close(over));
    await pipeline.accept(batchOf("traces", 1), never);
    await pipeline.close(never);
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ refusedByPeer: 1 });
  });

  test("tells the state of its destinations", async () => {
    const sink = await startSink();
    const more = { region: "eu", signals: ["logs"] as const, batch: { maxItems: 2, maxAgeMs: 60_000 } };
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, "grpc", more)] });
    await seen("reachable");
    await pipeline.accept(batchOf("logs", 2), never);
    await eventually(() => pipeline.destinations()[0]?.queueBytes === 0);
    expect(pipeline.destinations()).toEqual([
      {
        name: "a",
        region: "eu",
        signals: ["logs"],
        reachable: true,
        queueBytes: 0,
        queueCapacityBytes: 67_108_864,
        lastFailure: undefined,
        flushes: { size: 1, timeout: 0, close: 0 },
        flushLatenessMs: 0,
        sampling: undefined,
        batchSizes: {
          items: expect.objectContaining({ sum: 2 }),
          bytes: expect.objectContaining({ counts: expect.any(Array) }),
        },
      },
    ]);
  });

  test("closes once, however often it is asked to", async () => {
    const sink = await startSink();
    const { pipeline } = start({ destinations: [destinationOf(sink, "http/protobuf")] });
    await Promise.all([pipeline.close(never), pipeline.close(never)]);
    await pipeline.close(over);
    expect((await pipeline.accept(batchOf("traces", 1), never)).kind).toBe("busy");
  });

  test("does not take two destinations of one name", () => {
    const destination = { name: "a", endpoint: "http://127.0.0.1:1", protocol: "grpc" } as const;
    expect(() => createPipeline({ destinations: [destination, destination] })).toThrow(
      /destinations\.1\.name: "a" is taken/,
    );
  });

  test("writes a repair that is found while the spans wait, and sends no other span changed", async () => {
    const sink = await startSink();
    const clock = createFakeClock();
    const { pipeline, seen } = start({ clock, destinations: [destinationOf(sink, "grpc")], repair: { holdMs: 5_000 } });
    await seen("reachable");
    await pipeline.accept(batchOf("traces", 2), never);
    pipeline.repair({ kind: "move-trace", traceId: "01".repeat(16), to: "ab".repeat(16), parentId: "cd".repeat(8) });
    expect(pipeline.ledger()).toMatchObject([{ received: 2, queued: 2 }]);
    clock.advance(5_200);
    await sink.until(() => sink.items("traces") === 2);
    const text = JSON.stringify(sink.received[0]?.message);
    const base64 = (hex: string): string => Buffer.from(hex, "hex").toString("base64");
    for (const id of ["ab".repeat(16), "cd".repeat(8), "02".repeat(16)]) expect(text).toContain(base64(id));
    expect(text).not.toContain(base64("01".repeat(16)));
    expect(text).toContain("tracemend.original.trace_id");
    await pipeline.close(never);
    expect(pipeline.counters()).toMatchObject({ repairedSpans: 1, hurriedSpans: 0 });
    expectBalanced(pipeline.ledger());
  });

  test("refuses a repair where it was created without, and a time of nothing", () => {
    const { pipeline } = start({ destinations: [] });
    const repair = { kind: "move-trace", traceId: "a", to: "b" } as const;
    expect(() => pipeline.repair(repair)).toThrow(/created without/);
    expect(() => createPipeline({ destinations: [], repair: { holdMs: 0 } })).toThrow(
      /repair.holdMs: must be above 0, not 0/,
    );
  });

  test("shows its observer nothing that redaction takes out, and what the filter drops by it", async () => {
    const seen: string[] = [];
    const { pipeline } = start({
      destinations: [],
      observe: (batch) => forEachSpan(batch, (span) => seen.push(span.name())),
      filter: { rules: [{ name: "mail", spanNames: ["mail to a@b.example"] }] },
      redact: { patterns: ["email"] },
    });
    const times = { kind: "server", startMs: 1, endMs: 2, attributes: {} } as const;
    const span = { ...times, traceId: "ab".repeat(16), spanId: "cd".repeat(8), name: "mail to a@b.example" };
    await pipeline.accept(encodeSpans({}, { name: "test", version: "1" }, [span]), never);
    expect(seen).toEqual(["mail to ****"]);
    expect(pipeline.counters()).toMatchObject({ filteredSpans: { mail: 1 }, observerErrors: 0 });
  });

  test("filters, redacts and routes what it takes, and spans of its own alike", async () => {
    const [eu, us] = [await startSink(), await startSink()];
    const { pipeline } = start({
      destinations: [
        destinationOf(eu, "grpc", { name: "eu" }),
        destinationOf(us, "grpc", { name: "us", redact: { patterns: ["ip"] } }),
      ],
      filter: {
        rules: [
          { name: "health", spanNames: ["health"] },
          { name: "probes", routes: ["/healthz"] },
        ],
      },
      redact: { patterns: ["email"] },
      routes: [{ services: ["pay"], destinations: ["eu"] }],
    });
    const spans = (service: string, ...names: readonly string[]) =>
      encodeSpans(
        { "service.name": service },
        { name: "s", version: "1" },
        names.map((name, index) => ({
          traceId: `${service.length}${index}`.padStart(32, "0"),
          spanId: "b7ad6b7169203331",
          name,
          kind: "server" as const,
          startMs: 1,
          endMs: 2,
          attributes: {},
        })),
      );
    await pipeline.accept(spans("pay", "from a@b.example", "health"), never);
    await pipeline.accept(spans("catalogue", "from 192.0.2.77"), never);
    await eu.until(() => eu.items("traces") === 2);
    await us.until(() => us.items("traces") === 1);
    const textOf = (sink: typeof eu): string => JSON.stringify(sink.received.map(({ message }) => message));
    expect(textOf(eu)).toContain("from ****");
    expect(textOf(eu)).toContain("from 192.0.2.77");
    expect(textOf(us)).toContain("from 192.0.2.0");
    expect(textOf(us)).not.toContain("pay");
    await eventually(() => pipeline.reserve(100) !== undefined);
    pipeline.reserve(1_000)?.fill(spans("pay", "own"));
    await eu.until(() => eu.items("traces") === 3);
    pipeline.requested("40".padStart(32, "0"), "/healthz");
    await pipeline.accept(spans("shop", "denied"), never);
    await pipeline.close(never);
    expect([eu.items("traces"), us.items("traces")]).toEqual([3, 1]);
    expect(pipeline.counters()).toMatchObject({ filteredSpans: { health: 1, probes: 1 }, redactedBatches: 1 });
    expectBalanced(pipeline.ledger());
  });
});
