/** The last sink, over gRPC: one unary Export call per batch on a session that is kept open. */
import { constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import {
  grpcPath,
  grpcPrefix,
  grpcStatusOfHttp,
  parseGrpcMessage,
  readGrpcAnswer,
  readGrpcMessage,
} from "@tracemend/otlp";
import type { GrpcAnswer } from "@tracemend/otlp";
import { createDeadline } from "../clock.ts";
import { busy } from "../outcome.ts";
import type { Sink } from "../stage.ts";
import { createChannel } from "./channel.ts";
import { createJudgement, maxAnswerBytes, settle, toBody } from "./forward.ts";
import type { ForwardOptions } from "./forward.ts";

export function forwardGrpc(options: ForwardOptions): Sink {
  const { destination, reachability, clock, random } = options;
  const { compression, timeoutMs } = destination;
  const channel = createChannel(destination, reachability, clock, random);
  const judge = createJudgement(destination, reachability);
  const fixed: OutgoingHttpHeaders = {
    ...destination.headers,
    ":method": "POST",
    "content-type": "application/grpc",
    te: "trailers",
    "user-agent": "tracemend",
    "grpc-timeout": `${timeoutMs}m`,
    ...(compression === "none" ? {} : { "grpc-encoding": compression }),
  };

  return {
    async accept(batch, signal) {
      const body = await toBody(batch, compression);
      const session = channel.session();
      if (session === undefined || signal.aborted) return busy(0);
      const deadline = createDeadline(clock, timeoutMs, signal);
      try {
        const headers = { ...fixed, ":path": grpcPath(batch.signal) };
        const parts = [grpcPrefix(body.bytes, compression !== "none"), ...body.parts];
        const reply = await call(session, headers, parts, deadline.signal);
        if (reply.kind !== "silence" && !signal.aborted) channel.heard();
        if (signal.aborted) return settle(batch, busy(0));
        return settle(batch, judge(reply.kind === "silence" ? reply : readReply(reply), batch.signal));
      } finally {
        deadline.clear();
      }
    },
    close: (signal) => channel.close(signal),
  };
}

/** What came back: a silence says why there is no answer. */
type Reply =
  | { readonly kind: "silence"; readonly message: string }
  | {
      readonly kind: "reply";
      readonly httpStatus: number;
      readonly fields: IncomingHttpHeaders;
      readonly body: Uint8Array;
    };

function call(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  parts: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<Reply> {
  return new Promise((resolve) => {
    const stream = request(session, headers);
    if (stream === undefined) return resolve({ kind: "silence", message: "the session takes no more streams" });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    let httpStatus = 0;
    let fields: IncomingHttpHeaders = {};
    const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL);
    stream.on("response", (head) => {
      httpStatus = Number(head[":status"]);
      fields = head;
    });
    stream.on("trailers", (trailers) => {
      fields = trailers;
    });
    stream.on("data", (chunk: Uint8Array) => {
      bytes += chunk.byteLength;
      if (bytes > maxAnswerBytes) cancel();
      else chunks.push(chunk);
    });
    // An error is always followed by close.
    stream.on("error", () => {});
    stream.on("close", () => {
      signal.removeEventListener("abort", cancel);
      const answered = fields["grpc-status"] !== undefined || (httpStatus !== 0 && httpStatus !== 200);
      if (answered) resolve({ kind: "reply", httpStatus, fields, body: Buffer.concat(chunks) });
      else resolve({ kind: "silence", message: silence(signal, stream.rstCode) });
    });
    signal.addEventListener("abort", cancel);
    // All in one write.
    stream.cork();
    for (const part of parts) stream.write(part);
    stream.end();
    stream.uncork();
  });
}

/** Undefined when the session cannot open a stream: it is closing, or its stream ids are used up. */
function request(session: ClientHttp2Session, headers: OutgoingHttpHeaders): ClientHttp2Stream | undefined {
  try {
    return session.request(headers);
  } catch {
    return undefined;
  }
}

function silence(signal: AbortSignal, resetCode: number | undefined): string {
  return signal.aborted ? "no answer in time" : `no gRPC status, HTTP/2 reset code ${resetCode ?? 0}`;
}

function readReply(reply: Extract<Reply, { kind: "reply" }>): ReturnType<typeof readGrpcAnswer> {
  const { fields, httpStatus, body } = reply;
  const status = fields["grpc-status"];
  if (status === undefined) {
    return readGrpcAnswer({ code: grpcStatusOfHttp(httpStatus), message: `HTTP status ${httpStatus}` });
  }
  const message = fields["grpc-message"];
  const details = fields["grpc-status-details-bin"];
  const answer: GrpcAnswer = {
    code: Number(status),
    message: typeof message === "string" ? parseGrpcMessage(message) : undefined,
    details: typeof details === "string" ? Buffer.from(details, "base64") : undefined,
  };
  if (answer.code !== 0 || body.byteLength === 0) return readGrpcAnswer(answer);
  // No grpc-accept-encoding was sent, so a peer has no leave to compress.
  const reading = readGrpcMessage(body);
  return readGrpcAnswer({ ...answer, response: reading.kind === "message" ? reading.message : undefined });
}
