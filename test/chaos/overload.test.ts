/** Senders offer ten times what the destination takes: memory stays within its bounds, and every sender knows where it stands. */
import { afterEach, describe, expect, test } from "vitest";
import { createHttpReceiver, createPipeline } from "@tracemend/pipeline";
import type { LedgerRow } from "@tracemend/pipeline";
import { encodeRequest } from "../support/otlp-reference.ts";
import { createRecordingSink } from "../support/recording-sink.ts";
import type { Answer, Recorded } from "../support/recording-sink.ts";

const waves = 40;
const offered = 10;
const queueBytes = 200_000;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** One span of about 8 kB. */
function bodyOf(name: string): Uint8Array {
  const ids = { traceId: new Uint8Array(16).fill(1), spanId: new Uint8Array(8).fill(1) };
  const attributes = [{ key: "filler", value: { stringValue: "x".repeat(8_000) } }];
  return encodeRequest("traces", { resourceSpans: [{ scopeSpans: [{ spans: [{ ...ids, name, attributes }] }] }] });
}

function namesIn(request: Recorded): string[] {
  return [...JSON.stringify(request.message).matchAll(/"name":"(n\d+)"/g)].map((match) => match[1] ?? "");
}

function expectBalanced(rows: readonly LedgerRow[]): void {
  for (const { received, exported, dropped, refusedByPeer, sampledOut, queued, inFlight } of rows) {
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    expect(exported + lost + refusedByPeer + sampledOut + queued + inFlight).toBe(received);
  }
}

describe.for(["grpc", "http/protobuf"] as const)("ten times too much for a destination over %s", (protocol) => {
  test("is refused with a time to come back, and what was accepted arrives once", async () => {
    const sink = await createRecordingSink();
    closers.push(() => sink.stop());
    let takes = 0;
    const arrived: string[] = [];
    sink.answer((request): Answer => {
      if (takes === 0) return { kind: "busy" };
      takes -= 1;
      arrived.push(...namesIn(request));
      return { kind: "accept" };
    });
    const endpoint = protocol === "grpc" ? sink.grpcEndpoint : sink.httpEndpoint;
    const pipeline = createPipeline({
      attributes: { "cloud.region": "eu" },
      destinations: [
        {
          name: "slow",
          endpoint,
          protocol,
          maxConcurrent: 2,
          batch: { maxAgeMs: 0 },
          queue: { maxBytes: queueBytes },
          retry: { initialIntervalMs: 1, maxIntervalMs: 4 },
        },
      ],
    });
    closers.push(() => pipeline.close(AbortSignal.abort()));
    const receiver = await createHttpReceiver({ maxInFlightBytes: 200_000 }, pipeline);
    closers.push(() => receiver.close(AbortSignal.abort()));

    const accepted: string[] = [];
    const refused: string[] = [];
    const waits: (string | null)[] = [];
    const offer = async (name: string): Promise<void> => {
      const answer = await fetch(`http://127.0.0.1:${receiver.address.port}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/x-protobuf" },
        body: bodyOf(name),
      });
      await answer.arrayBuffer();
      expect([200, 503]).toContain(answer.status);
      (answer.status === 200 ? accepted : refused).push(name);
      waits.push(answer.headers.get("retry-after"));
    };
    for (let wave = 0; wave < waves; wave++) {
      await Promise.all(Array.from({ length: offered }, (_, index) => offer(`n${wave * offered + index}`)));
      const [state] = pipeline.destinations();
      expect(state?.queueBytes).toBeLessThanOrEqual(queueBytes);
      expectBalanced(pipeline.ledger());
      takes += 1;
      await sink.until(() => arrived.length > wave);
    }
    expect(accepted.length + refused.length).toBe(waves * offered);
    expect(waits.filter((wait) => Number(wait) >= 1).length).toBe(refused.length);
    // The queue is full after the first waves; from then on no more goes in than comes out.
    const room = Math.ceil(queueBytes / 8_000);
    expect(accepted.length).toBeLessThanOrEqual(waves + room);
    expect(accepted.length).toBeGreaterThanOrEqual(waves);

    takes = Infinity;
    await receiver.close(AbortSignal.timeout(10_000));
    await pipeline.close(AbortSignal.timeout(10_000));
    expectBalanced(pipeline.ledger());
    expect(pipeline.ledger()[0]).toMatchObject({
      received: accepted.length,
      exported: accepted.length,
      turnedAway: refused.length,
    });
    expect(arrived.toSorted()).toEqual(accepted.toSorted());
  });
});
