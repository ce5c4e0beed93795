/** The independent reader and writer of OTLP: protobufjs code generated from the .proto files. */

import { createRequire } from "node:module";
import type { Batch, Signal } from "@tracemend/otlp";
import { concat } from "./bytes.ts";

export type Message = { [field: string]: unknown };

interface Codec {
  decode(bytes: Uint8Array): Message;
  encode(message: object): { finish(): Uint8Array };
  toObject(message: Message, options: object): Message;
}

interface Root {
  readonly opentelemetry: {
    readonly proto: {
      readonly collector: Record<string, { readonly v1: Record<string, Codec> }>;
      readonly trace: { readonly v1: Record<string, Codec> };
    };
  };
}

const root = createRequire(import.meta.url)("otlp-ref/build/src/generated/root.js") as Root;
const { collector } = root.opentelemetry.proto;

const requests: Readonly<Record<Exclude<Signal, "profiles">, Codec>> = {
  traces: collector["trace"]!.v1["ExportTraceServiceRequest"]!,
  metrics: collector["metrics"]!.v1["ExportMetricsServiceRequest"]!,
  logs: collector["logs"]!.v1["ExportLogsServiceRequest"]!,
};
export const traceResponse: Codec = collector["trace"]!.v1["ExportTraceServiceResponse"]!;

/** Plain objects: bytes as base64, 64-bit numbers as text, absent fields absent. */
export function decodeRequest(signal: keyof typeof requests, bytes: Uint8Array): Message {
  const codec = requests[signal];
  return codec.toObject(codec.decode(bytes), { longs: String, bytes: String });
}

export function decodeBatch(batch: Batch): Message {
  return decodeRequest(batch.signal as keyof typeof requests, concat(...batch.parts));
}

export function codecOf(signal: keyof typeof requests): Codec {
  return requests[signal];
}
