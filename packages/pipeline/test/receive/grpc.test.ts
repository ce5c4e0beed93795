import { gzipSync, zstdCompressSync } from "node:zlib";
import { once } from "node:events";
import { connect } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { status as codes } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { decodeStatus, grpcPath } from "@tracemend/otlp";
import { createGrpcReceiver } from "@tracemend/pipeline";
import type { Outcome, ReceiverOptions, Sink } from "@tracemend/pipeline";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { decodeResponse } from "../../../../test/support/otlp-reference.ts";
import { batchOf, never, over } from "../batches.ts";
import { closers } from "../harness.ts";
import { createFixedSink, createScriptedSink, settled } from "../stages/sinks.ts";

const tracesPath = grpcPath("traces");
const body = Buffer.from(batchOf("traces", 3).parts[0] ?? []);

async function listen(sink: Sink, options: ReceiverOptions = {}) {
  const receiver = await createGrpcReceiver(options, sink);
  closers.push(() => receiver.close(over));
  const session = connect(`http://${receiver.address.host}:${receiver.address.port}`);
  session.on("error", () => {});
  closers.push(async () => session.destroy());
  return { receiver, session };
}

interface Reply {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** From wherever it was: trailers, or headers of a trailers-only answer. */
  readonly status: number;
  readonly message: string;
  readonly resetCode: number | undefined;
}

function open(session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  const fixed = { ":method": "POST", ":path": tracesPath, "content-type": "application/grpc", te: "trailers" };
  return session.request({ ...fixed, ...headers });
}

function replyOf(stream: ClientHttp2Stream): Promise<Reply> {
  return new Promise((resolve) => {
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on("response", (fields) => (headers = fields));
    stream.on("trailers", (fields) => (trailers = fields));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", () => {});
    stream.on("close", () => {
      const field = (name: string): string | undefined => (trailers[name] ?? headers[name])?.toString();
      const status = Number(field("grpc-status") ?? -1);
      const message = field("grpc-message") ?? "";
      resolve({ headers, trailers, body: Buffer.concat(chunks), status, message, resetCode: stream.rstCode });
    });
  });
}

function frame(message: Uint8Array, flag = 0, length = message.byteLength): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

async function exchange(
  session: ClientHttp2Session,
  bytes: Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<Reply> {
  const stream = open(session, headers);
  const reply = replyOf(stream);
  stream.end(bytes);
  return reply;
}

describe("the gRPC receiver", () => {
  test("answers an accepted batch with status 0 in trailers and an empty response message", async () => {
    const sink = createFixedSink({ kind: "accepted" });
    const { session } = await listen(sink);
    const reply = await exchange(session, frame(body));
    expect(reply).toMatchObject({ status: 0, trailers: { "grpc-status": "0" } });
    expect(reply.headers[":status"]).toBe(200);
    expect([...reply.body]).toEqual([0, 0, 0, 0, 0]);
    expect(sink.batches.map((batch) => [batch.signal, batch.items, Buffer.concat(batch.parts).equals(body)])).toEqual([
      ["traces", 3, true],
    ]);
  });

  test("reads a message that is spread over many DATA frames, byte by byte", async () => {
    const sink = createFixedSink({ kind: "accepted" });
    const { session } = await listen(sink);
    const stream = open(session);
    const reply = replyOf(stream);
    for (const byte of frame(body)) stream.write(Uint8Array.of(byte));
    stream.end();
    expect((await reply).status).toBe(0);
    expect(sink.batches[0]?.items).toBe(3);
  });

  test("reads a gzipped message", async () => {
    const sink = createFixedSink({ kind: "accepted" });
    const { session } = await listen(sink);
    const reply = await exchange(session, frame(gzipSync(body), 1), { "grpc-encoding": "gzip" });
    expect(reply.status).toBe(0);
    expect(sink.batches[0]?.items).toBe(3);
  });

  test("reads an uncompressed message although the call named an encoding", async () => {
    const { session } = await listen(createFixedSink({ kind: "accepted" }));
    expect((await exchange(session, frame(body), { "grpc-encoding": "gzip" })).status).toBe(0);
  });

  test("answers an empty request with success and troubles nobody with it", async () => {
    const sink = createFixedSink({ kind: "refused", message: "never asked" });
    const { session } = await listen(sink);
    expect((await exchange(session, frame(new Uint8Array()))).status).toBe(0);
    expect(sink.batches).toEqual([]);
  });

  test.for<[Outcome, number, string]>([
    [{ kind: "busy", retryAfterMs: 2_500 }, codes.UNAVAILABLE, "busy"],
    [{ kind: "refused", message: "schön 100%" }, codes.INVALID_ARGUMENT, "sch%C3%B6n 100%25"],
  ])("answers %o with its status, in headers alone", async ([outcome, status, message]) => {
    const { session } = await listen(createFixedSink(outcome));
    const reply = await exchange(session, frame(body));
    expect(reply).toMatchObject({ status, message, trailers: {} });
    const details = reply.headers["grpc-status-details-bin"];
    const reading = typeof details === "string" ? decodeStatus(Buffer.from(details, "base64")) : undefined;
    const retryAfterMs = outcome.kind === "busy" ? outcome.retryAfterMs : undefined;
    expect(reading?.kind === "status" ? reading.status.retryAfterMs : undefined).toBe(retryAfterMs);
  });

  test("answers a partial success as the reference decoder reads it", async () => {
    const { session } = await listen(createFixedSink({ kind: "partial", rejected: 2, message: "bad ids" }));
    const reply = await exchange(session, frame(body));
    expect(reply.status).toBe(0);
    expect(decodeResponse("traces", reply.body.subarray(5))).toEqual({
      partialSuccess: { rejectedSpans: "2", errorMessage: "bad ids" },
    });
  });

  test("answers an unknown method with UNIMPLEMENTED", async () => {
    const { session } = await listen(createFixedSink({ kind: "accepted" }));
    const reply = await exchange(session, frame(body), { ":path": "/opentelemetry.Nothing/Export" });
    expect(reply.status).toBe(codes.UNIMPLEMENTED);
  });

  test("reads messages that are packed with zstd", async () => {
    const sink = createFixedSink({ kind: "accepted" });
    const { session } = await listen(sink);
    const reply = await exchange(session, frame(zstdCompressSync(body), 1), { "grpc-encoding": "zstd" });
    expect(reply.status).toBe(codes.OK);
    expect(sink.batches[0]?.items).toBe(3);
  });

  test("answers an unknown encoding with UNIMPLEMENTED and the ones it knows", async () => {
    const { session } = await listen(createFixedSink({ kind: "accepted" }));
    const reply = await exchange(session, frame(body, 1), { "grpc-encoding": "snappy" });
    expect(reply.status).toBe(codes.UNIMPLEMENTED);
    expect(reply.headers["grpc-accept-encoding"]).toBe("identity,gzip,zstd");
  });

  test.for([
    ["a content type that is not gRPC", { "content-type": "application/json" }, 415],
    ["a method that is not POST", { ":method": "PUT" }, 405],
  ] as const)("answers %s with an HTTP status", async ([, headers, status]) => {
    const { session } = await listen(createFixedSink({ kind: "accepted" }));
    expect((await exchange(session, frame(body), headers)).headers[":status"]).toBe(status);
  });

  test.for<[string, Buffer, OutgoingHttpHeaders, number]>([
    ["no message", Buffer.alloc(0), {}, codes.INVALID_ARGUMENT],
    ["half a prefix", Buffer.from([0, 0]), {}, codes.INVALID_ARGUMENT],
    ["a length that promises more than comes", frame(body, 0, body.length + 1), {}, codes.INVALID_ARGUMENT],
    ["a length of 4 GiB", frame(body, 0, 0xff_ff_ff_ff), {}, codes.INVALID_ARGUMENT],
    ["a length that promises less than comes", frame(body, 0, body.length - 1), {}, codes.INVALID_ARGUMENT],
    ["two messages", Buffer.concat([frame(body), frame(body)]), {}, codes.INVALID_ARGUMENT],
    ["a flag that does not exist", frame(body, 2), {}, codes.INVALID_ARGUMENT],
    ["a compressed message without an encoding", frame(gzipSync(body), 1), {}, codes.INVALID_ARGUMENT],
    [
      "gzip that is cut off",
      frame(gzipSync(body).subarray(0, -9), 1),
      { "grpc-encoding": "gzip" },
      codes.INVALID_ARGUMENT,
    ],
    ["gzip that is none", frame(body, 1), { "grpc-encoding": "gzip" }, codes.INVALID_ARGUMENT],
    ["protobuf that is none", frame(Buffer.from([0x0a, 0x7f, 0x01])), {}, codes.INVALID_ARGUMENT],
  ])("refuses %s and goes on", async ([, bytes, headers, status]) => {
    const sink = createFixedSink({ kind: "accepted" });
    const { session } = await listen(sink);
    expect((await exchange(session, bytes, headers)).status).toBe(status);
    expect(sink.batches).toEqual([]);
    expect((await exchange(session, frame(body))).status).toBe(0);
  });

  test("stops inflating at the limit, and says too large without a time to retry", async () => {
    const sink = createFixedSink({ kind: "accepted" });
    const { session } = await listen(sink, { maxRequestBytes: 100_000 });
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const reply = await exchange(session, frame(bomb, 1), { "grpc-encoding": "gzip" });
    expect(reply.status).toBe(codes.RESOURCE_EXHAUSTED);
    expect(reply.headers["grpc-status-details-bin"]).toBeUndefined();
    expect(sink.batches).toEqual([]);
  });

  test("refuses what is too large again and again without stalling the connection", async () => {
    const { session } = await listen(createFixedSink({ kind: "accepted" }), { maxRequestBytes: 10_000 });
    for (let count = 0; count < 20; count++) {
      const reply = await exchange(session, frame(Buffer.alloc(1_000_000)));
      expect(reply.status).toBe(codes.RESOURCE_EXHAUSTED);
    }
    expect((await exchange(session, frame(body))).status).toBe(0);
  });

  test("answers busy when all requests together hold too much, and recovers", async () => {
    const { session } = await listen(createFixedSink({ kind: "accepted" }), { maxInFlightBytes: 10_000 });
    const slow = open(session);
    const slowReply = replyOf(slow);
    slow.write(Buffer.alloc(9_000));
    slow.write(Buffer.alloc(500));
    const other = await exchange(session, frame(Buffer.alloc(2_000)));
    expect(other.status).toBe(codes.UNAVAILABLE);
    expect(other.headers["grpc-status-details-bin"]).toBeDefined();
    slow.end();
    expect((await slowReply).status).toBe(codes.INVALID_ARGUMENT);
    expect((await exchange(session, frame(body))).status).toBe(0);
  });

  test("gives up on a body that takes too long", async () => {
    const clock = createFakeClock();
    const { session } = await listen(createFixedSink({ kind: "accepted" }), { clock, requestTimeoutMs: 1_000 });
    const stream = open(session);
    const reply = replyOf(stream);
    stream.write(frame(body).subarray(0, 7));
    await clock.whenDueIn(1_000);
    clock.advance(1_000);
    expect((await reply).status).toBe(codes.DEADLINE_EXCEEDED);
  });

  test("tells the sink when the sender has gone", async () => {
    const signals: AbortSignal[] = [];
    const sink: Sink = {
      accept(_batch, signal) {
        signals.push(signal);
        return new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve({ kind: "busy", retryAfterMs: 0 }));
        });
      },
      close: () => Promise.resolve(),
    };
    const { session } = await listen(sink);
    const stream = open(session);
    stream.on("error", () => {});
    stream.end(frame(body));
    while (signals.length === 0) await settled();
    stream.close(8);
    await once(signals[0] as unknown as NodeJS.EventEmitter, "abort");
    expect(signals[0]?.aborted).toBe(true);
  });

  test("answers INTERNAL when a sink throws, and goes on", async () => {
    let calls = 0;
    const sink: Sink = {
      accept() {
        calls += 1;
        throw new Error("a mistake");
      },
      close: () => Promise.resolve(),
    };
    const { session } = await listen(sink);
    expect((await exchange(session, frame(body))).status).toBe(codes.INTERNAL);
    expect((await exchange(session, frame(body))).status).toBe(codes.INTERNAL);
    expect(calls).toBe(2);
  });

  test("closes once open calls are answered", async () => {
    const sink = createScriptedSink();
    const { receiver, session } = await listen(sink);
    const reply = exchange(session, frame(body));
    while (sink.waiting === 0) await settled();
    const closed = receiver.close(never);
    sink.answer({ kind: "accepted" });
    expect((await reply).status).toBe(0);
    await closed;
  });

  test("cuts open calls off when the closing signal aborts", async () => {
    const sink = createScriptedSink();
    const { receiver, session } = await listen(sink);
    const reply = exchange(session, frame(body));
    while (sink.waiting === 0) await settled();
    await receiver.close(over);
    expect((await reply).status).toBe(-1);
  });

  test.for(["port", "maxRequestBytes", "maxInFlightBytes", "requestTimeoutMs"])("names a wrong %s", async (option) => {
    const promise = createGrpcReceiver({ [option]: -1 }, createFixedSink({ kind: "accepted" }));
    await expect(promise).rejects.toThrow(new RegExp(`${option}.*-1`));
  });
});
