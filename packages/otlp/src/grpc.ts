/** gRPC around OTLP: method paths, the five-byte envelope of a message, and the texts of its status headers. */

import type { Signal } from "./batch.ts";
import { parseHex } from "./wire/hex.ts";
import { decodeUtf8, encodeUtf8 } from "./wire/utf8.ts";

const methods: Readonly<Record<Signal, string>> = {
  traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
  profiles: "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
};

/** The `:path` of the Export method. */
export function grpcPath(signal: Signal): string {
  return methods[signal];
}

/** The signal whose Export method has this `:path`. */
export function signalOfGrpcPath(path: string): Signal | undefined {
  return (Object.keys(methods) as Signal[]).find((signal) => methods[signal] === path);
}

/** What stands before a message of `bytes` bytes: whether it is compressed, and its length. */
export function grpcPrefix(bytes: number, compressed = false): Uint8Array {
  const prefix = new Uint8Array(5);
  prefix[0] = compressed ? 1 : 0;
  new DataView(prefix.buffer).setUint32(1, bytes);
  return prefix;
}

export type GrpcMessageReading =
  | { readonly kind: "message"; readonly compressed: boolean; readonly message: Uint8Array }
  | { readonly kind: "malformed"; readonly message: string };

/**
 * Reads the body of a unary call, which is exactly one message. Its envelope has nothing to do with the HTTP/2 DATA
 * frames the body came in.
 */
export function readGrpcMessage(body: Uint8Array): GrpcMessageReading {
  const bytes = grpcMessageBytes(body);
  if (bytes === undefined) return { kind: "malformed", message: `the body has ${body.length} of 5 prefix bytes` };
  const flag = body[0]!;
  if (flag > 1) return { kind: "malformed", message: `compressed flag ${flag}` };
  if (body.length - 5 < bytes) return { kind: "malformed", message: `${body.length - 5} of ${bytes} message bytes` };
  if (body.length - 5 > bytes) return { kind: "malformed", message: "more than one message in a unary call" };
  return { kind: "message", compressed: flag === 1, message: body.subarray(5) };
}

/** The length the first five bytes of a body announce; undefined before they are there. */
export function grpcMessageBytes(body: Uint8Array): number | undefined {
  if (body.length < 5) return undefined;
  return new DataView(body.buffer, body.byteOffset).getUint32(1);
}

/** `grpc-message` as it goes into a header: percent-encoded outside of printable ASCII. */
export function formatGrpcMessage(message: string): string {
  let text = "";
  for (const byte of encodeUtf8(message)) {
    const printable = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    text += printable ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

/** `grpc-message` as it came. What is not a valid escape stays as it is, as the gRPC specification asks. */
export function parseGrpcMessage(header: string): string {
  const bytes: number[] = [];
  const source = encodeUtf8(header);
  for (let pos = 0; pos < source.length; pos++) {
    const escaped = source[pos] === 0x25 ? decodeUtf8(source, pos + 1, pos + 3) : "";
    const byte = escaped.length === 2 ? parseHex(escaped)?.[0] : undefined;
    bytes.push(byte ?? source[pos]!);
    if (byte !== undefined) pos += 2;
  }
  return decodeUtf8(Uint8Array.from(bytes), 0, bytes.length);
}
