import { request as openRequest } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { once } from "node:events";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { decodeStatus } from "@tracemend/otlp";
import { createHttpReceiver } from "@tracemend/pipeline";
import type { ReceiverOptions, Sink } from "@tracemend/pipeline";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { decodeResponse } from "../../../../test/support/otlp-reference.ts";
import { batchOf, never, over } from "../batches.ts";
import { closers } from "../harness.ts";
import { createFixedSink, createScriptedSink, settled } from "../stages/sinks.ts";

const body = Buffer.from(batchOf("traces", 3).parts[0] ?? []);
const protobuf = { "content-type": "application/x-protobuf" };
const accepting = (): ReturnType<typeof createFixedSink> => createFixedSink({ kind: "accepted" });

async function listen(sink: Sink, options: ReceiverOptions = {}) {
  const receiver = await createHttpReceiver(options, sink);
  closers.push(() => receiver.close(over));
  return { receiver, url: `http://${receiver.address.host}:${receiver.address.port}` };
}

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function post(
  url: string,
  bytes: Uint8Array,
  headers: Record<string, string> = protobuf,
  method = "POST",
): Promise<Reply> {
  const response = await request(url, { method: method as "POST", headers, body: bytes });
  return {
    status: response.statusCode,
    headers: response.headers,
    body: Buffer.from(await response.body.arrayBuffer()),
  };
}

function messageOf(reply: Reply): { readonly code: number; readonly message: string } {
  const reading = decodeStatus(reply.body);
  if (reading.kind !== "status") throw new TypeError("no google.rpc.Status");
  return reading.status;
}

describe("the HTTP receiver", () => {
  test.for(["traces", "metrics", "logs"] as const)("takes %s at their path", async (signal) => {
    const sink = accepting();
    const { url } = await listen(sink);
    const batch = batchOf(signal, 4);
    const reply = await post(`${url}/v1/${signal}`, Buffer.concat(batch.parts));
    expect(reply).toMatchObject({ status: 200, headers: { "content-type": "application/x-protobuf" } });
    expect(reply.body.length).toBe(0);
    expect(sink.batches.map((batch) => [batch.signal, batch.items])).toEqual([[signal, 4]]);
  });

  test("takes profiles at their development path, unread", async () => {
    const sink = accepting();
    const { url } = await listen(sink);
    expect((await post(`${url}/v1development/profiles`, Buffer.from([0x0a, 0x00]))).status).toBe(200);
    expect(sink.batches.map((batch) => batch.signal)).toEqual(["profiles"]);
  });

  test.for([
    ["gzip", gzipSync(body)],
    ["zstd", zstdCompressSync(body)],
    ["GZIP", gzipSync(body)],
    ["identity", body],
    ["gzip", Buffer.concat([gzipSync(body.subarray(0, 20)), gzipSync(body.subarray(20))])],
  ] as const)("reads a body in %s", async ([encoding, bytes]) => {
    const sink = accepting();
    const { url } = await listen(sink);
    const reply = await post(`${url}/v1/traces?tenant=1`, bytes, { ...protobuf, "content-encoding": encoding });
    expect(reply.status).toBe(200);
    expect(Buffer.concat(sink.batches[0]?.parts ?? []).equals(body)).toBe(true);
  });

  test("holds a copy of the body, not the buffer it was read into", async () => {
    const sink = accepting();
    const { url } = await listen(sink);
    await post(`${url}/v1/traces`, body);
    expect(sink.batches[0]?.parts.map((part) => part.buffer.byteLength)).toEqual([body.length]);
  });

  test("answers an empty request with success and troubles nobody with it", async () => {
    const sink = createFixedSink({ kind: "refused", message: "never asked" });
    const { url } = await listen(sink);
    expect((await post(`${url}/v1/traces`, new Uint8Array())).status).toBe(200);
    expect(sink.batches).toEqual([]);
  });

  test("answers busy with 503 and Retry-After in whole seconds", async () => {
    const { url } = await listen(createFixedSink({ kind: "busy", retryAfterMs: 2_100 }));
    const reply = await post(`${url}/v1/traces`, body);
    expect(reply).toMatchObject({ status: 503, headers: { "retry-after": "3" } });
    expect(messageOf(reply).code).toBe(14);
  });

  test("answers refused with 400 and the reason", async () => {
    const { url } = await listen(createFixedSink({ kind: "refused", message: "nobody takes it" }));
    const reply = await post(`${url}/v1/traces`, body);
    expect(reply.status).toBe(400);
    expect(messageOf(reply)).toEqual({ code: 3, message: "nobody takes it" });
  });

  test("answers 413 when the sink says that smaller batches may be taken", async () => {
    const { url } = await listen(createFixedSink({ kind: "refused", message: "too much", tooLarge: true }));
    const reply = await post(`${url}/v1/traces`, body);
    expect(reply.status).toBe(413);
    expect(messageOf(reply)).toEqual({ code: 8, message: "too much" });
  });

  test("answers a partial success as the reference decoder reads it", async () => {
    const { url } = await listen(createFixedSink({ kind: "partial", rejected: 2, message: "bad ids" }));
    const reply = await post(`${url}/v1/traces`, body);
    expect(reply.status).toBe(200);
    expect(decodeResponse("traces", reply.body)).toEqual({
      partialSuccess: { rejectedSpans: "2", errorMessage: "bad ids" },
    });
  });

  test.for<[string, string, string, Record<string, string>, number, string | undefined]>([
    ["an unknown path", "POST", "/v2/traces", protobuf, 404, undefined],
    ["a method that is not POST", "PUT", "/v1/traces", protobuf, 405, "POST"],
    ["a content type that OTLP does not have", "POST", "/v1/traces", { "content-type": "text/plain" }, 415, undefined],
    ["no content type", "POST", "/v1/traces", {}, 415, undefined],
    ["an unknown encoding", "POST", "/v1/traces", { ...protobuf, "content-encoding": "br" }, 415, undefined],
    ["two encodings", "POST", "/v1/traces", { ...protobuf, "content-encoding": "gzip, gzip" }, 415, undefined],
  ])("answers %s with a status", async ([, method, path, headers, status, allow]) => {
    const sink = accepting();
    const { url } = await listen(sink);
    const reply = await post(url + path, body, headers, method);
    expect(reply.status).toBe(status);
    expect(reply.headers.allow).toBe(allow);
    expect(messageOf(reply).message).not.toBe("");
    expect(sink.batches).toEqual([]);
  });

  test("names the encodings it knows when it does not know one", async () => {
    const { url } = await listen(accepting());
    const reply = await post(`${url}/v1/traces`, body, { ...protobuf, "content-encoding": "br" });
    expect(reply.headers["accept-encoding"]).toBe("gzip, zstd");
  });

  test.for<[string, Uint8Array, string]>([
    ["gzip that is cut off", gzipSync(body).subarray(0, -9), "gzip"],
    ["gzip with rubbish behind", Buffer.concat([gzipSync(body), Buffer.from("rubbish")]), "gzip"],
    ["gzip that is none", body, "gzip"],
    ["an empty gzip body", new Uint8Array(), "gzip"],
    ["zstd that is cut off", zstdCompressSync(body).subarray(0, -9), "zstd"],
    ["zstd that is none", body, "zstd"],
    ["protobuf that is none", Buffer.from([0x0a, 0x7f, 0x01]), "identity"],
  ])("refuses %s with 400 and goes on", async ([, bytes, encoding]) => {
    const sink = accepting();
    const { url } = await listen(sink);
    const reply = await post(`${url}/v1/traces`, bytes, { ...protobuf, "content-encoding": encoding });
    expect(reply.status).toBe(400);
    expect(messageOf(reply).code).toBe(3);
    expect(sink.batches).toEqual([]);
    expect((await post(`${url}/v1/traces`, body)).status).toBe(200);
  });

  test.for([
    ["gzip", gzipSync(Buffer.alloc(50_000_000))],
    ["zstd", zstdCompressSync(Buffer.alloc(50_000_000))],
    ["identity", Buffer.alloc(200_000)],
  ] as const)("answers 413 to what is too large once %s is undone", async ([encoding, bytes]) => {
    const sink = accepting();
    const { url } = await listen(sink, { maxRequestBytes: 100_000 });
    const reply = await post(`${url}/v1/traces`, bytes, { ...protobuf, "content-encoding": encoding });
    expect(reply.status).toBe(413);
    expect(messageOf(reply)).toEqual({ code: 8, message: "a request has at most 100000 bytes" });
    expect(reply.headers["retry-after"]).toBeUndefined();
    expect(sink.batches).toEqual([]);
  });

  test("answers 413 to a chunked body once it has passed the limit", async () => {
    const { receiver } = await listen(accepting(), { maxRequestBytes: 100_000 });
    const { port } = receiver.address;
    const upload = openRequest({ host: "127.0.0.1", port, path: "/v1/traces", method: "POST", headers: protobuf });
    upload.on("error", () => {});
    const answered = once(upload, "response") as Promise<[{ statusCode: number }]>;
    for (let count = 0; count < 20; count++) upload.write(Buffer.alloc(10_000));
    const [response] = await answered;
    expect(response.statusCode).toBe(413);
    upload.destroy();
  });

  test("answers busy when all requests together hold too much, and recovers", async () => {
    const { receiver, url } = await listen(accepting(), { maxInFlightBytes: 10_000 });
    const { port } = receiver.address;
    const slow = openRequest({ host: "127.0.0.1", port, path: "/v1/traces", method: "POST", headers: protobuf });
    slow.write(Buffer.alloc(9_000));
    let reply = await post(`${url}/v1/traces`, Buffer.alloc(9_000));
    // The slow body may not have arrived before the first request; then that one was merely malformed.
    while (reply.status === 400) reply = await post(`${url}/v1/traces`, Buffer.alloc(9_000));
    expect(reply).toMatchObject({ status: 503, headers: { "retry-after": expect.stringMatching(/^[1-8]$/) } });
    slow.on("error", () => {});
    slow.destroy();
    reply = await post(`${url}/v1/traces`, body);
    while (reply.status === 503) reply = await post(`${url}/v1/traces`, body);
    expect(reply.status).toBe(200);
  });

  test("gives up on a body that takes too long", async () => {
    const clock = createFakeClock();
    const { receiver } = await listen(accepting(), { clock, requestTimeoutMs: 1_000 });
    const { port } = receiver.address;
    const slow = openRequest({ host: "127.0.0.1", port, path: "/v1/traces", method: "POST", headers: protobuf });
    slow.on("error", () => {});
    slow.write(body.subarray(0, 7));
    const answered = once(slow, "response") as Promise<[{ statusCode: number; headers: IncomingHttpHeaders }]>;
    await clock.whenDueIn(1_000);
    clock.advance(1_000);
    const [response] = await answered;
    expect(response).toMatchObject({ statusCode: 408, headers: { connection: "close" } });
  });

  test("lets go of what a sender left behind", async () => {
    const clock = createFakeClock();
    const { receiver, url } = await listen(accepting(), { clock, maxInFlightBytes: 10_000 });
    const socket = connect(receiver.address.port, "127.0.0.1");
    await once(socket, "connect");
    socket.write("POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\n");
    socket.write(`content-length: 9900\r\n\r\n${"a".repeat(9_000)}`);
    await clock.whenDueIn(30_000);
    socket.destroy();
    let reply = await post(`${url}/v1/traces`, Buffer.concat(batchOf("traces", 100).parts));
    while (reply.status === 503) reply = await post(`${url}/v1/traces`, Buffer.concat(batchOf("traces", 100).parts));
    expect(reply.status).toBe(200);
    expect(clock.pending).toBe(0);
  });

  test("answers 500 when a sink throws, and goes on", async () => {
    const sink: Sink = {
      accept() {
        throw new Error("a mistake");
      },
      close: () => Promise.resolve(),
    };
    const { url } = await listen(sink);
    expect((await post(`${url}/v1/traces`, body)).status).toBe(500);
    expect((await post(`${url}/v1/traces`, body)).status).toBe(500);
  });

  test("closes once open requests are answered, and waits for no idle connection", async () => {
    const sink = createScriptedSink();
    const { receiver, url } = await listen(sink);
    const silent = connect(receiver.address.port, "127.0.0.1");
    await once(silent, "connect");
    const reply = post(`${url}/v1/traces`, body);
    while (sink.waiting === 0) await settled();
    const closed = receiver.close(never);
    sink.answer({ kind: "accepted" });
    expect((await reply).status).toBe(200);
    await closed;
  });

  test("cuts open requests off when the closing signal aborts", async () => {
    const sink = createScriptedSink();
    const { receiver, url } = await listen(sink);
    const reply = post(`${url}/v1/traces`, body).catch((error: unknown) => error);
    while (sink.waiting === 0) await settled();
    await receiver.close(over);
    expect(await reply).toBeInstanceOf(Error);
  });

  test("rejects when its address is taken", async () => {
    const { receiver } = await listen(accepting());
    const second = createHttpReceiver({ port: receiver.address.port }, accepting());
    await expect(second).rejects.toThrow("EADDRINUSE");
  });
});
