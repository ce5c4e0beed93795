/** The protobufjs code that is generated from the .proto files: what others in this language read OTLP with. */
import { createRequire } from "node:module";

export interface ReferenceAttribute {
  key: string;
  value: { stringValue: string };
}

export interface ReferenceRequest {
  resourceSpans: {
    resource: { attributes: ReferenceAttribute[] };
    scopeSpans: { spans: { traceId: Uint8Array }[] }[];
  }[];
}

interface Codec {
  decode(bytes: Uint8Array): ReferenceRequest;
  encode(request: ReferenceRequest): { finish(): Uint8Array };
}

const root = createRequire(import.meta.url)("otlp-ref/build/src/generated/root.js") as {
  opentelemetry: { proto: { collector: { trace: { v1: { ExportTraceServiceRequest: Codec } } } } };
};

export const reference: Codec = root.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
