import { describe, expect, test } from "vitest";
import { createPipeline } from "@tracemend/pipeline";
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
    expect(() => createPipeline({ destinations: [destination, destination] })).toThrow(/unique.*"a"/);
  });
});
