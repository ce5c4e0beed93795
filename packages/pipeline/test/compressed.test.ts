import { gunzipSync, gzipSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createGrpcReceiver, createHttpReceiver, createPipeline } from "@tracemend/pipeline";
import type { PipelineOptions } from "@tracemend/pipeline";
import { createClient, listen } from "../../../test/bench/otlp/transport.ts";
import type { Transport } from "../../../test/bench/otlp/transport.ts";
import { isOneMember } from "../src/compressed.ts";
import { batchOf } from "./batches.ts";

const plain = batchOf("traces", 3).parts[0] as Uint8Array;
// Levels differ in the bytes they make, so what was compressed again shows.
const best = gzipSync(plain, { level: 9 });
const empty = gzipSync("");

/** What arrives, as it arrives, of a body that is sent compressed. */
async function pass(
  transport: Transport,
  body: Uint8Array,
  options: Omit<PipelineOptions, "destinations">,
  compression: "gzip" | "zstd" = "gzip",
) {
  const arrived: Buffer[] = [];
  const listener = await listen(transport, (bytes) => arrived.push(bytes) > 0);
  const protocol = transport === "grpc" ? "grpc" : "http/protobuf";
  const endpoint = `http://127.0.0.1:${listener.port}`;
  const pipeline = createPipeline({
    ...options,
    destinations: [{ name: "a", endpoint, protocol, compression }],
  });
  const receiver = await (transport === "grpc" ? createGrpcReceiver : createHttpReceiver)({}, pipeline);
  const client = createClient(transport, receiver.address.port, 1);
  expect(await client.send(body, "gzip")).toBe(true);
  const deadline = AbortSignal.timeout(5_000);
  await client.close();
  await receiver.close(deadline);
  await pipeline.close(deadline);
  listener.close();
  return arrived;
}

describe.for(["http", "grpc"] as const)("a compressed body over %s", (transport) => {
  test("goes on as it came when nothing edits it", async () => {
    expect(await pass(transport, best, {})).toEqual([best]);
  });

  test("is compressed again when something did", async () => {
    const [arrived] = await pass(transport, best, { attributes: { "cloud.region": "eu" } });
    expect(gunzipSync(arrived as Buffer).toString("latin1")).toContain("cloud.region");
  });

  test("is compressed again for who wants another compression", async () => {
    const [arrived] = await pass(transport, best, {}, "zstd");
    expect(zstdDecompressSync(arrived as Buffer).equals(plain)).toBe(true);
  });

  test.for([
    ["an empty member first", Buffer.concat([empty, best])],
    ["two members", Buffer.concat([gzipSync(plain.subarray(0, 10)), gzipSync(plain.subarray(10))])],
  ] as const)("of %s becomes one member", async ([, body]) => {
    const [arrived] = await pass(transport, body, {});
    expect(arrived?.equals(gzipSync(plain, { level: 1 }))).toBe(true);
  });
});

test("one member is told by its length", () => {
  expect(isOneMember(best, plain.byteLength)).toBe(true);
  expect(isOneMember(best, plain.byteLength + 1)).toBe(false);
  expect(isOneMember(Buffer.concat([empty, best]), plain.byteLength)).toBe(false);
  expect(isOneMember(Buffer.alloc(3), 0)).toBe(false);
});
