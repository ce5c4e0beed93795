import { afterEach, describe, expect, test } from "vitest";
import { createPipeline } from "@tracemend/pipeline";
import { createRecordingSink } from "../../../test/support/recording-sink.ts";
import { batchOf, expectBalanced, never, rowOf } from "./batches.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

describe("a pipeline", () => {
  test.for(["grpc", "http/protobuf"] as const)("takes a batch over %s to its destination", async (protocol) => {
    const sink = await createRecordingSink();
    closers.push(() => sink.stop());
    const endpoint = protocol === "grpc" ? sink.grpcEndpoint : sink.httpEndpoint;
    const pipeline = createPipeline({ destinations: [{ name: "a", endpoint, protocol, batch: { maxAgeMs: 0 } }] });
    closers.push(() => pipeline.close(never));
    expect(await pipeline.accept(batchOf("traces", 3), never)).toEqual({ kind: "accepted" });
    expectBalanced(pipeline.ledger());
    await sink.until(() => sink.items("traces") === 3);
    await pipeline.close(never);
    expectBalanced(pipeline.ledger());
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ received: 3, exported: 3, queued: 0, inFlight: 0 });
  });
});
