/** gRPC as the proxy must know it: which requests are calls, and how a failure is told to one. Pure. */
import type { FieldLines } from "@tracemend/context";
import { fieldValue } from "@tracemend/context";

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
