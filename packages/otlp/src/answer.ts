/** What an OTLP peer's answer means for the batch, over HTTP and over gRPC: the specification's tables as functions. */

import { decodeExportResponse, type ExportResponseReading, type PartialSuccess } from "./export-response.ts";
import { parseRetryAfter } from "./http.ts";
import { parseJsonExportResponse, parseJsonMessage } from "./json/answer.ts";
import { decodeStatus } from "./status.ts";

/** OTLP's four answers. */
export type Answer =
  | { readonly kind: "accepted" }
  /** The rest was taken; the rejected items must not be sent again. 0 rejected: a warning. */
  | { readonly kind: "partial"; readonly rejected: number; readonly message: string }
  /** The same bytes may be sent again, after `retryAfterMs` if the peer named a time. */
  | { readonly kind: "busy"; readonly retryAfterMs: number | undefined; readonly message: string }
  /**
   * The same bytes must not be sent again; smaller batches may be when `tooLarge`. `divisible`: it was said of what is in
   * the batch, so that parts of it may be taken.
   */
  | { readonly kind: "refused"; readonly message: string; readonly tooLarge: boolean; readonly divisible: boolean };

/** May a request be repeated after this HTTP status? OTLP 1.11 names exactly these. */
export function isRetryableHttpStatus(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
}

/** CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS; RESOURCE_EXHAUSTED only with RetryInfo. */
export function isRetryableGrpcStatus(code: number, hasRetryInfo: boolean): boolean {
  return [1, 4, 10, 11, 14, 15].includes(code) || (code === 8 && hasRetryInfo);
}

/** The HTTP status for a gRPC status code, as the OpenTelemetry Collector maps them. */
export function httpStatusOfGrpc(code: number): number {
  const statuses: Readonly<Record<number, number>> = { 0: 200, 3: 400, 7: 403, 8: 429, 12: 404, 16: 401 };
  return statuses[code] ?? (isRetryableGrpcStatus(code, false) ? 503 : 500);
}

/** The gRPC status code for an HTTP answer that carries none (the gRPC specification's http-grpc-status-mapping). */
export function grpcStatusOfHttp(status: number): number {
  const codes: Readonly<Record<number, number>> = {
    400: 13,
    401: 16,
    403: 7,
    404: 12,
    429: 14,
    502: 14,
    503: 14,
    504: 14,
  };
  return codes[status] ?? 2;
}

export interface HttpAnswer {
  readonly status: number;
  /** The `retry-after` field. */
  readonly retryAfter?: string | undefined;
  /** The body as protobuf; undefined when it is of another type. */
  readonly body?: Uint8Array | undefined;
  /** A body that is not protobuf: peers there are that answer protobuf with JSON, and proxies with plain words. */
  readonly text?: string | undefined;
}

/** Reads the answer to an OTLP/HTTP request. */
export function readHttpAnswer(answer: HttpAnswer, nowMs: number): Answer {
  const { status, body, text } = answer;
  // A 2xx whose body cannot be read is still the peer's word that it took the batch.
  if (status >= 200 && status <= 299) {
    const told = text === undefined ? undefined : parseJsonExportResponse(text);
    return told === undefined ? readResponse(decodeExportResponse(body ?? new Uint8Array(0))) : toAnswer(told);
  }
  const message = readErrorMessage(body) ?? describeStatus(status, text);
  if (isRetryableHttpStatus(status)) {
    const names = status === 429 || status === 503;
    return { kind: "busy", retryAfterMs: names ? parseRetryAfter(answer.retryAfter, nowMs) : undefined, message };
  }
  return { kind: "refused", message, tooLarge: status === 413, divisible: status === 400 || status === 422 };
}

export interface GrpcAnswer {
  readonly code: number;
  /** `grpc-message`, percent-decoded. */
  readonly message?: string | undefined;
  /** `grpc-status-details-bin`, base64-decoded. */
  readonly details?: Uint8Array | undefined;
  /** The response message without its envelope. */
  readonly response?: Uint8Array | undefined;
}

/** Reads the answer to an Export call. */
export function readGrpcAnswer(answer: GrpcAnswer): Answer {
  const { code } = answer;
  if (code === 0) return readResponse(decodeExportResponse(answer.response ?? new Uint8Array(0)));
  const message = answer.message === undefined || answer.message === "" ? `gRPC status ${code}` : answer.message;
  const reading = decodeStatus(answer.details ?? new Uint8Array(0));
  const retryAfterMs = reading.kind === "status" ? reading.status.retryAfterMs : undefined;
  if (isRetryableGrpcStatus(code, retryAfterMs !== undefined)) return { kind: "busy", retryAfterMs, message };
  // OTLP 1.11: a request beyond the size limit is answered RESOURCE_EXHAUSTED without RetryInfo. INVALID_ARGUMENT is the
  // answer to bad data; gRPC servers that cannot decode a message answer INTERNAL.
  return { kind: "refused", message, tooLarge: code === 8, divisible: code === 3 || code === 13 };
}

function readResponse(reading: ExportResponseReading): Answer {
  if (reading.kind === "malformed")
    return { kind: "partial", rejected: 0, message: `unreadable response: ${reading.defect.message}` };
  return toAnswer(reading);
}

function toAnswer({ rejected, message }: PartialSuccess): Answer {
  return rejected === 0 && message === "" ? { kind: "accepted" } : { kind: "partial", rejected, message };
}

/** Of what a peer says in words of its own so much is told. */
const maxWords = 200;

function describeStatus(status: number, text = ""): string {
  const words = (parseJsonMessage(text) ?? text).replaceAll(/\s+/g, " ").trim();
  return words === "" ? `HTTP status ${status}` : `HTTP status ${status}: ${words.slice(0, maxWords)}`;
}

function readErrorMessage(body: Uint8Array | undefined): string | undefined {
  if (body === undefined || body.length === 0) return undefined;
  const reading = decodeStatus(body);
  return reading.kind === "status" && reading.status.message !== "" ? reading.status.message : undefined;
}
