/** Gives spans another trace or parent id where a repair says so, and keeps the ids they came with as attributes. */

import { type Batch, batchOf, requestTypes } from "./batch.ts";
import { RewritePlan } from "./rewrite-plan.ts";
import { OpenSpanView } from "./span-view.ts";
import { Cursor } from "./wire/cursor.ts";
import { messageTypes } from "./wire/fields.ts";
import { parseHex } from "./wire/hex.ts";
import { Writer } from "./wire/writer.ts";

/** Lower-case hexadecimal digits; what is absent stays as it is. */
export interface NewIds {
  readonly traceId?: string;
  readonly parentSpanId?: string;
}

export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
  /** "" for a root. */
  readonly parentSpanId: string;
}

/** Attributes that a rewritten span bears: what it was exported with. */
export const ORIGINAL_TRACE_ID = "tracemend.original.trace_id";
export const ORIGINAL_PARENT_ID = "tracemend.original.parent_span_id";

const { ResourceSpans, ScopeSpans, Span } = messageTypes;

/**
 * Asks `idsOf` for each span of the batch. A batch in which nothing changes is returned as it is. Throws a TypeError for an
 * id of another length, naming it.
 */
export function rewriteIds(batch: Batch, idsOf: (span: SpanIds) => NewIds | undefined): Batch {
  if (batch.signal !== "traces") return batch;
  const parts = batch.parts.map((part) => rewritePart(part, idsOf));
  if (parts.every((part, index) => part === batch.parts[index])) return batch;
  return batchOf(batch.signal, parts, batch.items);
}

function rewritePart(bytes: Uint8Array, idsOf: (span: SpanIds) => NewIds | undefined): Uint8Array {
  const plan = new RewritePlan(bytes);
  const view = new OpenSpanView();
  const inside = (type: typeof requestTypes.traces, start: number, stop: number): void => {
    const cursor = new Cursor().open(bytes, start, stop);
    while (cursor.next()) {
      const message = type.fields[cursor.field]?.message;
      if (message !== ResourceSpans && message !== ScopeSpans && message !== Span) continue;
      plan.enter(cursor.field, cursor.tagStart, cursor.start, cursor.stop);
      if (message === Span) {
        const span = view.open(cursor.start, cursor.stop);
        const ids = { traceId: span.traceId(), spanId: span.spanId(), parentSpanId: span.parentSpanId() };
        const given = idsOf(ids);
        if (given !== undefined) changeIds(plan, bytes, cursor, ids, given);
      } else inside(message, cursor.start, cursor.stop);
      plan.leave();
    }
  };
  view.openResource(bytes, 0, 0);
  inside(requestTypes.traces, 0, bytes.length);
  return plan.finish();
}

function changeIds(plan: RewritePlan, bytes: Uint8Array, span: Cursor, before: SpanIds, after: NewIds): void {
  const kept: (readonly [string, string])[] = [];
  const placed = new Set<number>();
  const wanted = new Map<number, Uint8Array>();
  if (after.traceId !== undefined && after.traceId !== before.traceId) {
    wanted.set(1, idBytes("traceId", after.traceId, 16));
    kept.push([ORIGINAL_TRACE_ID, before.traceId]);
  }
  if (after.parentSpanId !== undefined && after.parentSpanId !== before.parentSpanId) {
    wanted.set(4, idBytes("parentSpanId", after.parentSpanId, 8));
    kept.push([ORIGINAL_PARENT_ID, before.parentSpanId]);
  }
  if (kept.length === 0) return;
  const cursor = new Cursor().open(bytes, span.start, span.stop);
  while (cursor.next()) {
    const value = wanted.get(cursor.field);
    if (value === undefined) continue;
    // A field that stands twice counts by its last place: all of them become the one.
    plan.change(cursor.tagStart, cursor.stop, placed.has(cursor.field) ? undefined : { number: cursor.field, value });
    placed.add(cursor.field);
  }
  for (const [number, value] of wanted) {
    if (!placed.has(number)) plan.change(span.stop, span.stop, { number, value });
  }
  for (const [key, value] of kept) plan.change(span.stop, span.stop, { number: 9, value: attributeBytes(key, value) });
}

function idBytes(name: string, id: string, size: number): Uint8Array {
  const bytes = parseHex(id);
  if (bytes?.length !== size) throw new TypeError(`${name}: not ${2 * size} hexadecimal digits: ${id}`);
  return bytes;
}

function attributeBytes(key: string, value: string): Uint8Array {
  const writer = new Writer(96);
  writer.stringField(1, value);
  writer.wrap(2, 0);
  writer.stringField(1, key);
  return writer.finish();
}
