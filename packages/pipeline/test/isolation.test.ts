/** Several destinations: each has its own fate. */
import { describe, expect, test } from "vitest";
import { batchOf, eventually, expectBalanced, never, over, rowOf } from "./batches.ts";
import { destinationOf, protocols, start, startSink } from "./harness.ts";

describe("two destinations", () => {
  test.for(protocols)("one that hangs over %s holds up neither the other nor the sender", async (protocol) => {
    const slow = await startSink();
    const good = await startSink();
    slow.answer({ kind: "hang" });
    const batch = batchOf("traces", 2);
    const queue = { maxBytes: 3 * (batch.bytes + 1_024) };
    const { pipeline, seen } = start({
      destinations: [
        destinationOf(slow, protocol, { name: "slow", queue }),
        destinationOf(good, protocol, { name: "good" }),
      ],
    });
    for (let count = 1; count <= 5; count++) {
      expect(await pipeline.accept(batch, never)).toEqual({ kind: "accepted" });
      expectBalanced(pipeline.ledger());
    }
    await good.until(() => good.items("traces") === 10);
    expect(await seen("dropped")).toMatchObject({ destination: "slow", items: 2, reason: "queue-full" });
    await eventually(() => rowOf(pipeline.ledger(), "good").exported === 10);
    await pipeline.close(over);
    expectBalanced(pipeline.ledger());
    expect(rowOf(pipeline.ledger(), "slow")).toMatchObject({ received: 10, dropped: { "queue-full": 4, shutdown: 6 } });
    expect(rowOf(pipeline.ledger(), "good")).toMatchObject({ received: 10, exported: 10 });
  });

  test("when both are full the sender is told to come back", async () => {
    const sink = await startSink();
    sink.answer({ kind: "hang" });
    const batch = batchOf("traces", 2);
    const queue = { maxBytes: batch.bytes + 1_024 };
    const { pipeline } = start({
      destinations: [
        destinationOf(sink, "grpc", { queue }),
        destinationOf(sink, "http/protobuf", { name: "b", queue }),
      ],
    });
    expect((await pipeline.accept(batch, never)).kind).toBe("accepted");
    expect((await pipeline.accept(batch, never)).kind).toBe("busy");
    expect(pipeline.ledger().map((row) => row.turnedAway)).toEqual([2, 2]);
    expectBalanced(pipeline.ledger());
  });

  test("one that is full is worth coming back for, whatever the other says", async () => {
    const sink = await startSink();
    sink.answer({ kind: "hang" });
    const batch = batchOf("traces", 2);
    const { pipeline } = start({
      destinations: [
        destinationOf(sink, "grpc", { queue: { maxBytes: batch.bytes + 1_024 } }),
        destinationOf(sink, "grpc", { name: "b", queue: { maxBytes: 1_025 } }),
      ],
    });
    expect((await pipeline.accept(batch, never)).kind).toBe("accepted");
    expect(rowOf(pipeline.ledger(), "b")).toMatchObject({ received: 2, dropped: { "too-large": 2 } });
    expect((await pipeline.accept(batch, never)).kind).toBe("busy");
    expectBalanced(pipeline.ledger());
  });

  test("signals go only to the destinations that take them", async () => {
    const sink = await startSink();
    const { pipeline } = start({
      destinations: [
        destinationOf(sink, "grpc", { name: "traces", signals: ["traces"] }),
        destinationOf(sink, "http/protobuf", { name: "logs", signals: ["logs"] }),
      ],
    });
    await pipeline.accept(batchOf("traces", 1), never);
    await pipeline.accept(batchOf("logs", 2), never);
    expect(await pipeline.accept(batchOf("metrics", 3), never)).toEqual({
      kind: "refused",
      message: "no destination takes metrics",
    });
    await pipeline.close(never);
    const rows = pipeline.ledger().map(({ destination, signal, exported }) => ({ destination, signal, exported }));
    expect(rows).toEqual([
      { destination: "traces", signal: "traces", exported: 1 },
      { destination: "logs", signal: "logs", exported: 2 },
    ]);
  });
});
