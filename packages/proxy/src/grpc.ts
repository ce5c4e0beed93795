/** gRPC as the proxy must know it: which requests are calls, and how a failure is told to one. Pure. */
import type { FieldLines } from "@tracemend/context";
import { fieldValue } from "@tracemend/context";
import { GATEWAY_ERRORS } from "./failure.ts";
import type { AnswerHead } from "./plane/plane.ts";

const TYPE = "application/grpc";

/** `application/grpc`, `application/grpc+proto`, `application/grpc; …`; not `application/grpc-web`. */
export function isGrpc(lines: FieldLines): boolean {
  const type = fieldValue(lines, "content-type");
  if (type === undefined || !type.startsWith(TYPE)) return false;
  const next = type.charAt(TYPE.length);
  return next === "" || next === "+" || next === ";";
}

/** `grpc-status` of these lines; undefined where it is absent or no number. */
export function grpcStatus(lines: FieldLines): number | undefined {
  const value = fieldValue(lines, "grpc-status");
  if (value === undefined || value === "") return undefined;
  const status = Number(value);
  return Number.isInteger(status) && status >= 0 ? status : undefined;
}

/** Source: gRPC, "HTTP to gRPC Status Code Mapping": what a gateway that does not speak gRPC says of a service. */
const FROM_GATEWAYS: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** What a service says of itself that is overloaded, or goes. */
const UNAVAILABLE = 14;

/** Whether this head speaks for leaving an endpoint out: of a gateway, or `grpc` alone, of a service that is not there. */
export function saysUnavailable({ status, lines }: Pick<AnswerHead, "status" | "lines">, grpc: boolean): boolean {
  return GATEWAY_ERRORS.has(status) || (grpc && grpcStatus(lines) === UNAVAILABLE);
}

/** How a call ended, where the head of its answer is all there is of it; undefined where more follows. */
export function statusInHead({ status, lines, open }: AnswerHead): number | undefined {
  const code = grpcStatus(lines);
  if (code !== undefined) return open ? undefined : code;
  return FROM_GATEWAYS.has(status) ? UNAVAILABLE : undefined;
}

/** `grpc-timeout` in milliseconds; undefined where it is absent or none. Source: gRPC over HTTP/2, "Timeout". */
export function grpcTimeoutMs(lines: FieldLines): number | undefined {
  const value = fieldValue(lines, "grpc-timeout");
  if (value === undefined || !/^[0-9]{1,8}[HMSmun]$/.test(value)) return undefined;
  return Number(value.slice(0, -1)) * (UNIT_MS.get(value.slice(-1)) as number);
}

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["H", 3_600_000],
  ["M", 60_000],
  ["S", 1_000],
  ["m", 1],
  ["u", 0.001],
  ["n", 0.000_001],
]);

const MOST_DIGITS = 99_999_999;

/** As `grpc-timeout` says it, never longer than it is. */
export function formatGrpcTimeout(ms: number): string {
  if (ms < 1_000) return `${Math.floor(ms * 1_000)}u`;
  return ms <= MOST_DIGITS ? `${Math.floor(ms)}m` : `${Math.min(MOST_DIGITS, Math.floor(ms / 1_000))}S`;
}

/**
 * When a server wants a call to be tried again, in milliseconds from now; -1: not at all; undefined: it does not say.
 * Source: gRFC A6, "Pushback".
 */
export function pushbackMs(lines: FieldLines): number | undefined {
  const value = fieldValue(lines, "grpc-retry-pushback-ms");
  if (value === undefined) return undefined;
  return /^[0-9]{1,9}$/.test(value) ? Number(value) : -1;
}

/** An answer without a body, its status in the head: "Trailers-Only" of gRPC over HTTP/2. */
export function trailersOnly(status: number, message: string): string[] {
  return ["content-type", TYPE, "grpc-status", String(status), "grpc-message", encodeMessage(message)];
}

/** Percent-encodes all but printable ASCII and `%`. */
function encodeMessage(message: string): string {
  let encoded = "";
  for (const char of message) {
    const code = char.charCodeAt(0);
    encoded += code >= 0x20 && code <= 0x7e && char !== "%" ? char : encodeURIComponent(char);
  }
  return encoded;
}
