/** Writes gauges of our own as OTLP. */

import type { Batch } from "./batch.ts";
import { type Attributes, encodeRecords, type Scope, writeAttributes, writeTime } from "./encode-records.ts";
import type { Writer } from "./wire/writer.ts";

export interface GaugeRecord {
  readonly name: string;
  readonly description: string;
  /** In UCUM: `By`, `{request}`, `1`. */
  readonly unit: string;
  readonly points: readonly GaugePoint[];
}

export interface GaugePoint {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly value: number;
  readonly attributes: Attributes;
}

/** One request with one resource and one scope; values are doubles. Its items are the points. */
export function encodeGauges(resource: Attributes, scope: Scope, gauges: readonly GaugeRecord[]): Batch {
  const points = gauges.reduce((sum, gauge) => sum + gauge.points.length, 0);
  return encodeRecords("metrics", { resource, scope }, gauges, writeGauge, points);
}

function writeGauge(writer: Writer, gauge: GaugeRecord): void {
  const mark = writer.length;
  for (const { atMs, value, attributes } of gauge.points.toReversed()) {
    const point = writer.length;
    writeAttributes(writer, 7, attributes);
    writer.double(value);
    writer.tag(4, 1);
    writeTime(writer, 3, atMs);
    writer.wrap(1, point);
  }
  writer.wrap(5, mark);
  writer.stringField(3, gauge.unit);
  writer.stringField(2, gauge.description);
  writer.stringField(1, gauge.name);
}
