/** What can end an exchange early: kind, side, whether to try again, and the answer each becomes. Pure. */
import type { CrossingFailure } from "@tracemend/context";
import { INTERNAL_ERROR, grpcStatusOfReset } from "./reset.ts";

export type FailureKind =
  | "bad-request"
  | "head-too-large"
  | "target-too-long"
  | "body-too-large"
  | "not-implemented"
  | "forbidden"
  | "client-gone"
  | "client-stalled"
  | "no-route"
  | "loop"
  | "internal"
  | "closing"
  | "busy"
  | "unreachable"
  | "connect-timeout"
  | "answer-timeout"
  | "idle-timeout"
  | "total-timeout"
  | "refused"
  | "reset"
  | "lost"
  | "bad-answer"
  | "abandoned";

export interface Failure extends CrossingFailure {
  readonly kind: FailureKind;
  /** The request did not reach the service, or cannot have had an effect there: it may be sent once more. */
  readonly retry: boolean;
  /** RFC 9113, section 7: what a caller over HTTP/2 is told where its answer has begun. */
  readonly code: number;
  /** What the caller may read of it. */
  readonly text: string;
}

/** What the caller is told where no answer has begun. */
interface Told {
  readonly side: CrossingFailure["side"];
  readonly status: number;
  readonly grpc: number;
  readonly text: string;
}

/** gRPC status: 4 deadline exceeded, 8 resource exhausted, 12 unimplemented, 13 internal, 14 unavailable. */
const TOLD: Readonly<Record<FailureKind, Told>> = {
  "bad-request": { side: "downstream", status: 400, grpc: 13, text: "bad request" },
  "head-too-large": { side: "downstream", status: 431, grpc: 8, text: "request header fields too large" },
  "target-too-long": { side: "downstream", status: 414, grpc: 8, text: "request target too long" },
  "body-too-large": { side: "downstream", status: 413, grpc: 8, text: "request body too large" },
  "not-implemented": { side: "downstream", status: 501, grpc: 12, text: "not implemented" },
  forbidden: { side: "downstream", status: 403, grpc: 7, text: "no tunnel to this host and port" },
  "client-gone": { side: "downstream", status: 499, grpc: 1, text: "client closed the request" },
  "client-stalled": { side: "downstream", status: 408, grpc: 4, text: "request stalled" },
  "no-route": { side: "internal", status: 404, grpc: 12, text: "no route" },
  loop: { side: "internal", status: 508, grpc: 13, text: "loop detected" },
  internal: { side: "internal", status: 500, grpc: 13, text: "internal error" },
  closing: { side: "internal", status: 503, grpc: 14, text: "proxy is closing" },
  busy: { side: "upstream", status: 503, grpc: 14, text: "upstream busy" },
  unreachable: { side: "upstream", status: 502, grpc: 14, text: "upstream unreachable" },
  "connect-timeout": { side: "upstream", status: 504, grpc: 14, text: "upstream connect timeout" },
  "answer-timeout": { side: "upstream", status: 504, grpc: 4, text: "upstream timeout" },
  "idle-timeout": { side: "upstream", status: 504, grpc: 4, text: "idle timeout" },
  "total-timeout": { side: "upstream", status: 504, grpc: 4, text: "request took too long" },
  refused: { side: "upstream", status: 503, grpc: 14, text: "upstream refused the request" },
  reset: { side: "upstream", status: 502, grpc: 14, text: "upstream reset" },
  lost: { side: "upstream", status: 502, grpc: 14, text: "upstream connection lost" },
  "bad-answer": { side: "upstream", status: 502, grpc: 14, text: "bad answer from upstream" },
  abandoned: { side: "internal", status: 503, grpc: 1, text: "mirror fell behind" },
};

/** Answers of a service that is not there rather than of one that has something to say. */
export const GATEWAY_ERRORS: ReadonlySet<number> = new Set([502, 503, 504]);

export function failureOf(
  kind: FailureKind,
  more: { readonly retry?: boolean; readonly code?: number; readonly text?: string } = {},
): Failure {
  const { side, text } = TOLD[kind];
  return { kind, side, retry: more.retry ?? false, code: more.code ?? INTERNAL_ERROR, text: more.text ?? text };
}

/** The status of HTTP for a failure before an answer has begun. */
export function statusOf(failure: Failure): number {
  return TOLD[failure.kind].status;
}

/** The status of gRPC for it. */
export function grpcStatusOf(failure: Failure): number {
  return failure.kind === "reset" ? grpcStatusOfReset(failure.code) : TOLD[failure.kind].grpc;
}
