/** From a request that was read to what its sender is told, in the words both protocols share. */
import { refineBatch } from "@tracemend/otlp";
import type { Batch, JsonBatchReading, PartialSuccess, Status } from "@tracemend/otlp";
import { cameAs } from "../compressed.ts";
import { isWasteful, ownBytes } from "../memory.ts";
import { accepted, refused } from "../outcome.ts";
import type { Outcome } from "../outcome.ts";
import type { Sink } from "../stage.ts";
import type { Body, BodyReading } from "./body.ts";
import type { ReceiverSettings } from "./receiver.ts";

export type Answer =
  /** An Export…ServiceResponse; whole success is a partial one that rejects nothing. */
  | { readonly kind: "response"; readonly partial: PartialSuccess }
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
  unauthenticated: 16,
} as const;

export function failure(httpStatus: number, code: number, message: string, retryAfterMs?: number): Answer {
  const status = { code, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return { kind: "failure", httpStatus, status };
}

/** The bytes as they may be given to the sink: to hold while it needs them, or its own for good. */
export function lend(bytes: Uint8Array, sink: Sink): Uint8Array {
  return sink.holds === true && !isWasteful(bytes) ? bytes : ownBytes(bytes);
}

/** Gives what was read of a body to the sink. `gone` aborts when the sender goes away. */
export async function hand(reading: JsonBatchReading, body: Body, sink: Sink, gone: AbortSignal): Promise<Answer> {
  if (reading.kind !== "batch") return toAnswer(refused(reading.defect.message));
  cameAs(reading.batch, body.gzip);
  return toAnswer(
    reading.suspect ? await handRefined(reading.batch, sink, gone) : await handBatch(reading.batch, sink, gone),
  );
}

function handBatch(batch: Batch, sink: Sink, gone: AbortSignal): Promise<Outcome> {
  // OTLP 1.11: a request with nothing in it succeeds.
  return batch.bytes === 0 ? Promise.resolve(accepted) : sink.accept(batch, gone);
}

/** Without the items no reader takes: for one of them the next hop may refuse the whole batch. */
async function handRefined(batch: Batch, sink: Sink, gone: AbortSignal): Promise<Outcome> {
  const refinement = refineBatch(batch);
  const { rejected } = refinement;
  if (rejected === 0) return handBatch(refinement.batch, sink, gone);
  const outcome = refinement.batch.items === 0 ? accepted : await sink.accept(refinement.batch, gone);
  if (outcome.kind === "accepted") return { kind: "partial", rejected, message: refinement.message };
  if (outcome.kind !== "partial") return outcome;
  const message = outcome.message === "" ? refinement.message : `${refinement.message}; ${outcome.message}`;
  return { kind: "partial", rejected: rejected + outcome.rejected, message };
}

function toAnswer(outcome: Outcome): Answer {
  if (outcome.kind === "accepted") return { kind: "response", partial: { rejected: 0, message: "" } };
  if (outcome.kind === "partial") return { kind: "response", partial: outcome };
  if (outcome.kind === "busy") return failure(503, statusCode.unavailable, "busy", outcome.retryAfterMs);
  return outcome.tooLarge === true
    ? failure(413, statusCode.resourceExhausted, outcome.message)
    : failure(400, statusCode.invalidArgument, outcome.message);
}

/** What a sender without a token we know is told. */
export const unauthenticated: Answer = failure(401, statusCode.unauthenticated, "a bearer token is needed");

/** What the sender of a body that could not be had is told. */
export function answerUnread(
  reading: Exclude<BodyReading, { kind: "body" | "gone" }>,
  maxBytes: number,
  { budget, requestTimeoutMs }: ReceiverSettings,
): Answer {
  if (reading.kind === "too-large") {
    // Without a time to retry: sending it again would not make it smaller (OTLP 1.11, request size limit).
    return failure(413, statusCode.resourceExhausted, `a request has at most ${maxBytes} bytes`);
  }
  if (reading.kind === "busy") {
    return failure(503, statusCode.unavailable, "too many requests at once", budget.untilFreeMs());
  }
  if (reading.kind === "malformed") return failure(400, statusCode.invalidArgument, reading.message);
  return failure(408, statusCode.deadlineExceeded, `the request took longer than ${requestTimeoutMs} ms`);
}
