/** OTLP on the wire, read without decoding. */

export { type Batch, type BatchReading, isDivisible, mergeBatches, readBatch, type Signal } from "./batch.ts";
export { splitBatch, type SplitLimit } from "./split.ts";
export { selectLogs, selectSpans } from "./select.ts";
export { hashTraceId, shardByTrace, type ShardOptions } from "./shard.ts";
export { countResources, type ResourceView, shardByResource } from "./resources.ts";
export { type ItemDefect, refineBatch, type Refinement } from "./refine.ts";
export {
  type AttributeRule,
  defineRewriter,
  rewriteStrings,
  type StringRewriter,
  type StringRules,
  type StringSite,
} from "./rewrite-strings.ts";
export { rewriteTracestates } from "./tracestate.ts";
export { type NewIds, ORIGINAL_PARENT_ID, ORIGINAL_TRACE_ID, rewriteIds, type SpanIds } from "./rewrite-ids.ts";
export { defineStamp, type Stamp, type Stamped } from "./stamp.ts";
export { type AttributeKeys, defineAttributeKeys, FoundAttributes } from "./attribute-keys.ts";
export { SpanRun } from "./span-run.ts";
export { forEachSpan, type SpanLink, type SpanView } from "./span-view.ts";
export type { AttributeValue } from "./attribute.ts";
export type { Attributes, Scope } from "./encode-records.ts";
export { encodeSpans, type SpanRecord } from "./encode-spans.ts";
export {
  type AttributeName,
  defineAttributeName,
  defineFixedAttributes,
  type FixedAttributes,
  type SpanKind,
  type SpanLinkRecord,
  type SpanPen,
  type StatusCode,
} from "./span-pen.ts";
export { SpanWriter, type SpanWriterOptions } from "./span-writer.ts";
export { encodeLogs, type LogRecord } from "./encode-logs.ts";
export { encodeGauges, type GaugePoint, type GaugeRecord } from "./encode-metrics.ts";
export { GRPC_STATUS_NAMES } from "./grpc-status.ts";
export { forEachLog, type LogView } from "./log-view.ts";

export type { WireDefect, WireDefectCode } from "./wire/framing.ts";
export { formatBase64, parseBase64 } from "./wire/base64.ts";

export { formatJsonBatch } from "./json/format.ts";
export { type JsonBatchReading, readJsonBatch } from "./json/read.ts";
export type { JsonDefect } from "./json/parse.ts";
export { formatJsonExportResponse, formatJsonStatus } from "./json/answer.ts";

export {
  formatGrpcMessage,
  grpcMessageBytes,
  type GrpcMessageReading,
  grpcPath,
  grpcPrefix,
  parseGrpcMessage,
  readGrpcMessage,
  signalOfGrpcPath,
} from "./grpc.ts";
export {
  type Encoding,
  formatContentType,
  formatRetryAfter,
  httpPath,
  parseContentType,
  parseRetryAfter,
  signalOfHttpPath,
} from "./http.ts";
export {
  decodeExportResponse,
  encodeExportResponse,
  type ExportResponseReading,
  type PartialSuccess,
} from "./export-response.ts";
export { decodeStatus, encodeStatus, type Status, type StatusReading } from "./status.ts";
export {
  type Answer,
  grpcStatusOfHttp,
  type GrpcAnswer,
  type HttpAnswer,
  httpStatusOfGrpc,
  isRetryableGrpcStatus,
  isRetryableHttpStatus,
  readGrpcAnswer,
  readHttpAnswer,
} from "./answer.ts";
