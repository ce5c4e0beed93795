import { describe, expect, test } from "vitest";
import { Metadata, credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { request } from "undici";
import { encodeSpans, forEachSpan, formatJsonBatch } from "@tracemend/otlp";
import type { Batch, SpanRecord } from "@tracemend/otlp";
import { createGrpcReceiver, createHttpReceiver } from "@tracemend/pipeline";
import type { Outcome } from "@tracemend/pipeline";
import { decodeResponse } from "../../../../test/support/otlp-reference.ts";
import { over } from "../batches.ts";
import { closers } from "../harness.ts";
import { createFixedSink } from "../stages/sinks.ts";

const span = (traceId: string, name: string): SpanRecord => ({
  traceId,
  spanId: "b7ad6b7169203331",
  name,
  kind: "server",
  startMs: 1,
  endMs: 2,
  attributes: {},
});
const good = span("0af7651916cd43dd8448eb211c80319c", "good");
const bad = span("0".repeat(32), "bad");
const batchOf = (...spans: readonly SpanRecord[]): Batch => encodeSpans({}, { name: "s", version: "1" }, spans);
const bytesOf = (batch: Batch): Buffer => Buffer.concat(batch.parts);
const namesOf = (batches: readonly Batch[]): string[] => {
  const names: string[] = [];
  for (const batch of batches) forEachSpan(batch, (one) => names.push(one.name()));
  return names;
};

async function post(
  body: Uint8Array | string,
  outcome: Outcome,
  headers: Record<string, string> = {},
  bearerTokens?: string[],
) {
  const sink = createFixedSink(outcome);
  const receiver = await createHttpReceiver(bearerTokens === undefined ? {} : { bearerTokens }, sink);
  closers.push(() => receiver.close(over));
  const url = `http://127.0.0.1:${receiver.address.port}/v1/traces`;
  const type = typeof body === "string" ? "application/json" : "application/x-protobuf";
  const response = await request(url, { method: "POST", body, headers: { "content-type": type, ...headers } });
  const bytes = Buffer.from(await response.body.arrayBuffer());
  return { sink, status: response.statusCode, headers: response.headers, bytes };
}

const message = "1 of 2 items rejected: trace id is not 16 bytes or is zero (1)";

describe("a request with one span no reader takes", () => {
  test("is answered with a partial success, and the others go on", async () => {
    const { bytes, sink, status } = await post(bytesOf(batchOf(good, bad)), { kind: "accepted" });
    expect(status).toBe(200);
    expect(decodeResponse("traces", bytes)).toMatchObject({
      partialSuccess: { rejectedSpans: "1", errorMessage: message },
    });
    expect(namesOf(sink.batches)).toEqual(["good"]);
  });

  test("in JSON too", async () => {
    const { bytes, sink } = await post(formatJsonBatch(batchOf(bad, good)), { kind: "accepted" });
    expect(JSON.parse(bytes.toString())).toEqual({ partialSuccess: { rejectedSpans: "1", errorMessage: message } });
    expect(namesOf(sink.batches)).toEqual(["good"]);
  });

  test("and nothing else gives nothing on", async () => {
    const { bytes, sink } = await post(bytesOf(batchOf(bad)), { kind: "accepted" });
    expect(decodeResponse("traces", bytes)).toMatchObject({ partialSuccess: { rejectedSpans: "1" } });
    expect(sink.batches).toEqual([]);
  });

  test("adds up with what is rejected further on, and gives way to a refusal of all", async () => {
    const partial = await post(bytesOf(batchOf(good, bad)), { kind: "partial", rejected: 1, message: "no room" });
    expect(decodeResponse("traces", partial.bytes)).toMatchObject({
      partialSuccess: { rejectedSpans: "2", errorMessage: `${message}; no room` },
    });
    const busy = await post(bytesOf(batchOf(good, bad)), { kind: "busy", retryAfterMs: 3_000 });
    expect([busy.status, busy.headers["retry-after"]]).toEqual([503, "3"]);
  });
});

describe("a receiver with bearer tokens", () => {
  test("takes over HTTP what has one, and asks others for it", async () => {
    const body = bytesOf(batchOf(good));
    const known = await post(body, { kind: "accepted" }, { authorization: "Bearer s3cret" }, ["s3cret"]);
    expect([known.status, known.sink.batches.length]).toEqual([200, 1]);
    const unknown = await post(body, { kind: "accepted" }, { authorization: "Bearer other" }, ["s3cret"]);
    expect([unknown.status, unknown.headers["www-authenticate"], unknown.sink.batches.length]).toEqual([
      401,
      "Bearer",
      0,
    ]);
  });

  test("answers UNAUTHENTICATED over gRPC", async () => {
    const sink = createFixedSink({ kind: "accepted" });
    const receiver = await createGrpcReceiver({ bearerTokens: ["s3cret"] }, sink);
    closers.push(() => receiver.close(over));
    const Client = makeGenericClientConstructor({}, "x");
    const client = new Client(`127.0.0.1:${receiver.address.port}`, credentials.createInsecure());
    const same = (bytes: Buffer): Buffer => bytes;
    const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    const call = (authorization: string): Promise<number> =>
      new Promise((resolve) => {
        const metadata = new Metadata();
        metadata.set("authorization", authorization);
        client.makeUnaryRequest(path, same, same, bytesOf(batchOf(good)), metadata, (error) =>
          resolve(error?.code ?? 0),
        );
      });
    expect([await call("Bearer other"), await call("Bearer s3cret")]).toEqual([16, 0]);
    expect(sink.batches).toHaveLength(1);
    client.close();
  });
});
