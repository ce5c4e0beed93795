import { createServer, constants } from "node:http2";
import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { createGrpcReceiver } from "@tracemend/pipeline";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { batchOf, eventually, expectBalanced, never, over, rowOf } from "../batches.ts";
import { closers, destinationOf, start, startSink } from "../harness.ts";
import { createFixedSink } from "../stages/sinks.ts";

/** A server that is given its streams raw. */
async function serve(serveStream: (stream: ServerHttp2Stream) => void) {
  const server: Http2Server = createServer();
  const sessions: ServerHttp2Session[] = [];
  server.on("session", (session: ServerHttp2Session) => sessions.push(session));
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => {});
    stream.resume();
    serveStream(stream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(async () => {
    for (const session of sessions) session.destroy();
    server.close();
    await once(server, "close");
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sessions };
}

describe("the gRPC forward", () => {
  test("sends what a gRPC server expects", async () => {
    const sink = await startSink();
    const headers = { "X-Tenant": "shop", authorization: "Bearer secret" };
    const { pipeline } = start({ destinations: [destinationOf(sink, "grpc", { headers, timeoutMs: 1_500 })] });
    await pipeline.accept(batchOf("metrics", 2), never);
    await pipeline.close(never);
    expect(sink.received[0]?.headers).toMatchObject({
      ":method": "POST",
      ":path": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
      ":authority": sink.grpcEndpoint.slice("http://".length),
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": "1500m",
      "x-tenant": "shop",
      authorization: "Bearer secret",
    });
  });

  test("ten batches of four megabytes at a time arrive once each", async () => {
    const end = createFixedSink({ kind: "accepted" });
    const receiver = await createGrpcReceiver({}, end);
    closers.push(() => receiver.close(over));
    const batch = batchOf("traces", 4_000, "x".repeat(900));
    expect(batch.bytes).toBeGreaterThan(3_700_000);
    const { pipeline, seen } = start({
      destinations: [
        {
          name: "a",
          endpoint: `http://127.0.0.1:${receiver.address.port}`,
          protocol: "grpc",
          batch: { maxAgeMs: 0 },
        },
      ],
    });
    await seen("reachable");
    for (let count = 0; count < 15; count++) await pipeline.accept(batch, never);
    await pipeline.close(never);
    expect(end.batches.length).toBe(15);
    expectBalanced(pipeline.ledger());
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ exported: 60_000 });
  });

  test("calls that are open when GOAWAY comes are finished on the old session", async () => {
    const streams: ServerHttp2Stream[] = [];
    const { endpoint, sessions } = await serve((stream) => streams.push(stream));
    const { pipeline, seen } = start({
      destinations: [{ name: "a", endpoint, protocol: "grpc", batch: { maxAgeMs: 0 } }],
    });
    await pipeline.accept(batchOf("traces", 2), never);
    await eventually(() => streams.length === 1);
    sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR);
    await seen("unreachable");
    await eventually(() => sessions.length === 2);
    streams[0]?.respond(
      { ":status": 200, "content-type": "application/grpc", "grpc-status": "0" },
      { endStream: true },
    );
    await pipeline.close(never);
    expect(streams.length).toBe(1);
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ exported: 2 });
  });

  test.for<[string, (stream: ServerHttp2Stream) => void, string]>([
    [
      "a proxy's 503 without a gRPC status",
      (stream) => stream.respond({ ":status": 503 }, { endStream: true }),
      "HTTP status 503",
    ],
    [
      "an end without a status",
      (stream) => stream.respond({ ":status": 200, "content-type": "application/grpc" }, { endStream: true }),
      "no gRPC status, HTTP/2 reset code 0",
    ],
    [
      "a refused stream",
      (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
      "no gRPC status, HTTP/2 reset code 7",
    ],
  ])("%s is tried again, and the peer counts as unreachable", async ([, fault, message]) => {
    let calls = 0;
    const { endpoint } = await serve((stream) => {
      calls += 1;
      if (calls === 1) fault(stream);
      else
        stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "0" }, { endStream: true });
    });
    const { pipeline, seen } = start({
      destinations: [
        { name: "a", endpoint, protocol: "grpc", batch: { maxAgeMs: 0 }, retry: { initialIntervalMs: 1 } },
      ],
    });
    await pipeline.accept(batchOf("traces", 2), never);
    expect(await seen("unreachable")).toMatchObject({ message });
    await eventually(() => rowOf(pipeline.ledger(), "a").exported === 2);
    expect(pipeline.destinations()[0]).toMatchObject({ reachable: true, lastFailure: message });
  });

  test("an idle session is asked once for a sign of life, and given up when there is none", async () => {
    const sink = await startSink();
    const clock = createFakeClock();
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, "grpc")], clock });
    await seen("reachable");
    await clock.whenDueIn(30_000);
    // The answer to the PING cannot come before this turn of the event loop ends.
    clock.advance(30_000);
    clock.advance(10_000);
    expect(await seen("unreachable")).toMatchObject({ message: "no PING answer within 10000 ms" });
    expect(pipeline.reserve(1)).toBeUndefined();
  });

  test("an answered PING is not followed by another one", async () => {
    const sink = await startSink();
    const clock = createFakeClock();
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, "grpc")], clock });
    await seen("reachable");
    clock.advance(30_000);
    await eventually(() => clock.pending === 0);
    clock.advance(3_600_000);
    expect(pipeline.destinations()[0]?.reachable).toBe(true);
  });

  test("a peer that speaks no HTTP/2 is not reachable", async () => {
    const sink = await startSink();
    const { pipeline, seen } = start({
      destinations: [destinationOf(sink, "grpc", { endpoint: sink.httpEndpoint, retry: { maxElapsedTimeMs: 50 } })],
    });
    await pipeline.accept(batchOf("traces", 1), never);
    expect(await seen("dropped")).toMatchObject({ reason: "retry-expired" });
    expect(pipeline.destinations()[0]).toMatchObject({ reachable: false });
    await eventually(() => pipeline.destinations()[0]?.lastFailure !== undefined);
  });
});
