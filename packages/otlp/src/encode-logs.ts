/** Writes log records of our own as OTLP. */

import type { Batch } from "./batch.ts";
import { type Attributes, encodeRecords, type Scope, writeAttributes, writeId, writeTime } from "./encode-records.ts";
import type { Writer } from "./wire/writer.ts";

export interface LogRecord {
  /** Names the kind of event: records of one name have the same attributes. */
  readonly eventName: string;
  /** Milliseconds since 1970, fractions allowed: when it happened, and when it was noticed. */
  readonly atMs: number;
  readonly observedMs: number;
  readonly severity: "info" | "warn" | "error";
  readonly body: string;
  readonly attributes: Attributes;
  /** 32 and 16 hexadecimal digits; absent where it belongs to no trace. */
  readonly traceId?: string;
  readonly spanId?: string;
}

const severities = { info: 9, warn: 13, error: 17 } as const;

/** One request with one resource and one scope. Throws TypeError for an id that is not hexadecimal or not of its length. */
export function encodeLogs(resource: Attributes, scope: Scope, records: readonly LogRecord[]): Batch {
  return encodeRecords("logs", { resource, scope }, records, writeLog);
}

function writeLog(writer: Writer, record: LogRecord): void {
  writer.stringField(12, record.eventName);
  writeTime(writer, 11, record.observedMs);
  if (record.spanId !== undefined) writeId(writer, 10, "spanId", record.spanId, 8);
  if (record.traceId !== undefined) writeId(writer, 9, "traceId", record.traceId, 16);
  writeAttributes(writer, 6, record.attributes);
  const body = writer.length;
  writer.stringField(1, record.body);
  writer.wrap(5, body);
  writer.stringField(3, record.severity.toUpperCase());
  writer.varintField(2, severities[record.severity]);
  writeTime(writer, 1, record.atMs);
}
