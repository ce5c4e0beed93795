/** From the bytes of a request to what its sender is told, in the words both protocols share. */
import { encodeExportResponse, readBatch } from "@tracemend/otlp";
import type { Signal, Status } from "@tracemend/otlp";
import { accepted, refused } from "../outcome.ts";
import type { Outcome } from "../outcome.ts";
import type { Sink } from "../stage.ts";
import type { BodyReading } from "./body.ts";
import type { ReceiverSettings } from "./receiver.ts";

export type Answer =
  /** Success, whole or partial: an Export…ServiceResponse. */
  | { readonly kind: "response"; readonly response: Uint8Array }
  /** Failure, for gRPC as its status and for HTTP as status and body. */
  | { readonly kind: "failure"; readonly httpStatus: number; readonly status: Status };

/** gRPC status codes. */
export const statusCode = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

/** How long a sender is told to wait when too much is being received at once. */
const overloadedRetryMs = 1_000;

export function failure(httpStatus: number, code: number, message: string, retryAfterMs?: number): Answer {
  const status = { code, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return { kind: "failure", httpStatus, status };
}

/** Gives an uncompressed body to the sink. `gone` aborts when the sender goes away. */
export async function hand(signal: Signal, body: Uint8Array, sink: Sink, gone: AbortSignal): Promise<Answer> {
  const reading = readBatch(signal, body);
  if (reading.kind === "malformed") {
    const { code, offset, message } = reading.defect;
    return toAnswer(refused(`${code} at byte ${offset}: ${message}`));
  }
  // OTLP 1.11: a request with nothing in it succeeds.
  return toAnswer(reading.batch.bytes === 0 ? accepted : await sink.accept(reading.batch, gone));
}

function toAnswer(outcome: Outcome): Answer {
  if (outcome.kind === "accepted") return { kind: "response", response: encodeExportResponse() };
  if (outcome.kind === "partial") return { kind: "response", response: encodeExportResponse(outcome) };
  if (outcome.kind === "busy") return failure(503, statusCode.unavailable, "busy", outcome.retryAfterMs);
  return failure(400, statusCode.invalidArgument, outcome.message);
}

/** What the sender of a body that could not be had is told. */
export function answerUnread(
  reading: Exclude<BodyReading, { kind: "body" | "gone" }>,
  { maxRequestBytes, requestTimeoutMs }: ReceiverSettings,
): Answer {
  if (reading.kind === "too-large") {
    // Without a time to retry: sending it again would not make it smaller (OTLP 1.11, request size limit).
    return failure(413, statusCode.resourceExhausted, `a request has at most ${maxRequestBytes} bytes`);
  }
  if (reading.kind === "busy") {
    return failure(503, statusCode.unavailable, "too many requests at once", overloadedRetryMs);
  }
  if (reading.kind === "malformed") return failure(400, statusCode.invalidArgument, reading.message);
  return failure(408, statusCode.deadlineExceeded, `the request took longer than ${requestTimeoutMs} ms`);
}
