/** Requests follow each other through the same memory, and none overwrites what an earlier one brought. */
import { expect, test } from "vitest";
import { createGrpcReceiver, createHttpReceiver, createPipeline } from "@tracemend/pipeline";
import { gzipSync } from "node:zlib";
import { createClient } from "../../../test/bench/otlp/transport.ts";
import { createRecordingSink } from "../../../test/support/recording-sink.ts";
import { batchOf, expectBalanced } from "./batches.ts";

const requests = 30;

/** Far more than a chunk, each of its own length. */
function bodyOf(number: number): Uint8Array {
  return batchOf("traces", 2, `${number} ${"x".repeat(80_000 + 3_000 * number)}`).parts[0] as Uint8Array;
}

test.for([
  ["http", "none", {}],
  ["http", "gzip", { region: "eu" }],
  ["grpc", "none", { region: "eu" }],
  ["grpc", "gzip", {}],
] as const)("over %s with compression %s and attributes %o", async ([transport, compression, attributes]) => {
  const sink = await createRecordingSink();
  const pipeline = createPipeline({
    attributes,
    // All wait here until the last is in.
    destinations: [
      { name: "a", endpoint: sink.grpcEndpoint, protocol: "grpc", batch: { maxItems: 2 * requests, maxAgeMs: 60_000 } },
    ],
  });
  const receiver = await (transport === "grpc" ? createGrpcReceiver : createHttpReceiver)({}, pipeline);
  const client = createClient(transport, receiver.address.port, 3);
  const wave = async (from: number): Promise<void> => {
    const numbers = Array.from({ length: requests / 10 }, (_, index) => from + index);
    const bodies = numbers.map(bodyOf).map((body) => (compression === "gzip" ? gzipSync(body) : body));
    expect(await Promise.all(bodies.map((body) => client.send(body, compression)))).not.toContain(false);
  };
  for (let from = 0; from < requests; from += requests / 10) await wave(from);
  const deadline = AbortSignal.timeout(10_000);
  await client.close();
  await receiver.close(deadline);
  await pipeline.close(deadline);

  const names = [...JSON.stringify(sink.received.map(({ message }) => message)).matchAll(/"name":"(\d+) (x+) \d"/g)];
  const arrived = names.map((match) => [Number(match[1]), (match[2] ?? "").length]);
  const expected = Array.from({ length: requests }, (_, number) => [number, 80_000 + 3_000 * number]);
  expect(arrived.toSorted((one, other) => (one[0] ?? 0) - (other[0] ?? 0))).toEqual(
    expected.flatMap((each) => [each, each]),
  );
  expectBalanced(pipeline.ledger());
  await sink.stop();
});
