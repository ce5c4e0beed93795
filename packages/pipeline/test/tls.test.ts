/** Receivers and forwards over TLS, with and without certificates of the sender. */
import { describe, expect, test } from "vitest";
import { createGrpcReceiver, createHttpReceiver } from "@tracemend/pipeline";
import type { DestinationOptions } from "@tracemend/pipeline";
import { createAuthority } from "../../../test/support/certificates.ts";
import { createRecordingSink } from "../../../test/support/recording-sink.ts";
import { batchOf, eventually, expectBalanced, never, over, rowOf } from "./batches.ts";
import { closers, destinationOf, protocols, start } from "./harness.ts";
import type { Protocol } from "./harness.ts";
import { createFixedSink } from "./stages/sinks.ts";

const authority = await createAuthority();
const server = await authority.issue(["localhost", "127.0.0.1"]);
const client = await authority.issue(["agent"]);

async function listen(protocol: Protocol, tls: { cert: string; key: string; ca?: string }) {
  const sink = createFixedSink({ kind: "accepted" });
  const receiver = await (protocol === "grpc" ? createGrpcReceiver : createHttpReceiver)({ tls }, sink);
  closers.push(() => receiver.close(over));
  return { sink, receiver, port: receiver.address.port };
}

function destination(
  protocol: Protocol,
  port: number,
  tls: DestinationOptions["tls"],
  host = "127.0.0.1",
): DestinationOptions {
  const quick = { batch: { maxAgeMs: 0 }, timeoutMs: 10_000, retry: { initialIntervalMs: 1, maxElapsedTimeMs: 200 } };
  return { name: "a", endpoint: `https://${host}:${port}`, protocol, ...quick, ...(tls === undefined ? {} : { tls }) };
}

describe.for(protocols)("over %s with TLS", (protocol) => {
  test.for(["127.0.0.1", "localhost"])("a batch reaches a collector at %s", async (host) => {
    const sink = await createRecordingSink({ tls: server });
    closers.push(() => sink.stop());
    const { endpoint } = destinationOf(sink, protocol);
    const port = Number(new URL(endpoint).port);
    const { pipeline } = start({ destinations: [destination(protocol, port, { ca: authority.ca }, host)] });
    await pipeline.accept(batchOf("traces", 3), never);
    await pipeline.close(never);
    expect(sink.items("traces")).toBe(3);
  });

  test("a receiver that demands a certificate takes the one it trusts, and closes in good order", async () => {
    const { sink, receiver, port } = await listen(protocol, { ...server, ca: authority.ca });
    const { pipeline } = start({ destinations: [destination(protocol, port, { ca: authority.ca, ...client })] });
    await pipeline.accept(batchOf("traces", 3), never);
    await pipeline.close(never);
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ exported: 3 });
    expect(sink.batches.length).toBe(1);
    await receiver.close(never);
  });

  test("a receiver that demands a certificate takes nothing without one", async () => {
    const { sink, port } = await listen(protocol, { ...server, ca: authority.ca });
    const { pipeline, seen } = start({ destinations: [destination(protocol, port, { ca: authority.ca })] });
    await pipeline.accept(batchOf("traces", 3), never);
    expect(await seen("dropped")).toMatchObject({ reason: "retry-expired" });
    expect(sink.batches).toEqual([]);
    expectBalanced(pipeline.ledger());
  });

  test.for([
    ["that nobody we trust has signed", undefined],
    ["of another name", { ca: authority.ca, serverName: "elsewhere.example" }],
  ] as const)("a destination with a certificate %s is not reachable", async ([, tls]) => {
    const { sink, port } = await listen(protocol, server);
    const { pipeline, seen } = start({ destinations: [destination(protocol, port, tls)] });
    await pipeline.accept(batchOf("traces", 3), never);
    expect(await seen("dropped")).toMatchObject({ reason: "retry-expired" });
    expect(pipeline.reserve(1)).toBeUndefined();
    await eventually(() => pipeline.destinations()[0]?.lastFailure !== undefined);
    expect(pipeline.destinations()[0]?.lastFailure).toMatch(/certificate|altname/i);
    expect(sink.batches).toEqual([]);
  });
});
