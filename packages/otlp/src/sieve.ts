/** Copies chosen items of a batch into new batches, each with the envelopes its items need and no others. */

import { type Batch, batchOf, requestTypes, type Signal } from "./batch.ts";
import { Cursor } from "./wire/cursor.ts";
import { type MessageType, messageTypes } from "./wire/fields.ts";
import { proveFraming } from "./wire/framing.ts";
import { addRange } from "./wire/ranges.ts";
import { Writer } from "./wire/writer.ts";

/** A message around items: a request, a ResourceSpans, a ScopeSpans, a Metric, a Sum. */
export interface Envelope {
  readonly type: MessageType;
  /** Undefined for a request. */
  readonly parent: Envelope | undefined;
  readonly depth: number;
  /** Its field number in the parent. */
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly stop: number;
  /** Starts and ends of its fields other than items and envelopes: the resource, the scope, a metric's name. */
  readonly rest: readonly number[];
  readonly restBytes: number;
}

/** One item in its field, from `cursor.tagStart` to `cursor.stop`. */
type Visit = (cursor: Cursor, envelope: Envelope, items: number) => void;

/** An envelope, before the items in it; it may have none. */
type Enter = (envelope: Envelope) => void;

/**
 * Shows the items of a batch in the order of the bytes. A metric with no data or with several members of its data oneof
 * cannot be taken apart and is shown as one, with the number of its data points.
 */
export function forEachItem(batch: Batch, visit: Visit, enter?: Enter): void {
  const type = requestTypes[batch.signal];
  for (const part of batch.parts) walk(openEnvelope(type, part, 0, part.length), visit, enter);
}

function walk(envelope: Envelope, visit: Visit, enter: Enter | undefined): void {
  enter?.(envelope);
  const { type, bytes } = envelope;
  const cursor = new Cursor().open(bytes, envelope.start, envelope.stop);
  while (cursor.next()) {
    const field = type.fields[cursor.field];
    if (field?.message === undefined || !field.envelops) continue;
    if (field.message.item) visit(cursor, envelope, 1);
    else if (field.message === messageTypes.Metric && !hasOneData(bytes, cursor.start, cursor.stop)) {
      visit(cursor, envelope, countItems(field.message, bytes.subarray(cursor.start, cursor.stop)));
    } else {
      const child = openEnvelope(field.message, bytes, cursor.start, cursor.stop, envelope, cursor.field);
      walk(child, visit, enter);
    }
  }
}

function openEnvelope(
  type: MessageType,
  bytes: Uint8Array,
  start: number,
  stop: number,
  parent?: Envelope,
  number = 0,
): Envelope {
  const rest: number[] = [];
  let restBytes = 0;
  const cursor = new Cursor().open(bytes, start, stop);
  while (cursor.next()) {
    if (type.fields[cursor.field]?.envelops) continue;
    addRange(rest, cursor.tagStart, cursor.stop);
    restBytes += cursor.stop - cursor.tagStart;
  }
  const depth = parent === undefined ? 0 : parent.depth + 1;
  return { type, parent, depth, number, bytes, start, stop, rest, restBytes };
}

function hasOneData(bytes: Uint8Array, start: number, stop: number): boolean {
  let count = 0;
  const cursor = new Cursor().open(bytes, start, stop);
  while (cursor.next()) if (messageTypes.Metric.fields[cursor.field]?.envelops) count++;
  return count === 1;
}

function countItems(type: MessageType, bytes: Uint8Array): number {
  const framing = proveFraming(type, bytes);
  return framing.kind === "proven" ? framing.items : 0;
}

interface Node {
  readonly envelope: Envelope;
  /** In their order: envelopes, and ranges of item fields as lists of starts and ends. */
  readonly content: (Node | number[])[];
}

/** A batch in the making: collects ranges, copies them once at the end. */
export class Piece {
  items = 0;
  /** No fewer bytes than the finished batch will have, and at most six more for each envelope. */
  maxBytes = 0;
  readonly #roots: Node[] = [];
  /** The envelopes items go into now, outermost first. */
  readonly #open: Node[] = [];

  /** How much `maxBytes` grows when the item in this field is added. */
  growth(cursor: Cursor, envelope: Envelope): number {
    let bytes = cursor.stop - cursor.tagStart;
    let around: Envelope | undefined = envelope;
    while (around !== undefined && this.#open[around.depth]?.envelope !== around) {
      // A tag of one byte and a length of at most five; field numbers of envelopes are below 16.
      bytes += around.restBytes + 6;
      around = around.parent;
    }
    return bytes;
  }

  add(cursor: Cursor, envelope: Envelope, items: number): void {
    this.maxBytes += this.growth(cursor, envelope);
    this.items += items;
    const { content } = this.#nodeOf(envelope);
    const last = content.at(-1);
    if (Array.isArray(last)) addRange(last, cursor.tagStart, cursor.stop);
    else content.push([cursor.tagStart, cursor.stop]);
  }

  finish(signal: Signal): Batch {
    const writer = new Writer(this.maxBytes);
    for (const root of this.#roots.toReversed()) writeBody(writer, root);
    const part = writer.finish();
    return batchOf(signal, part.length === 0 ? [] : [part], this.items);
  }

  #nodeOf(envelope: Envelope): Node {
    const open = this.#open[envelope.depth];
    if (open?.envelope === envelope) return open;
    const node: Node = { envelope, content: [] };
    if (envelope.parent === undefined) this.#roots.push(node);
    else this.#nodeOf(envelope.parent).content.push(node);
    this.#open[envelope.depth] = node;
    return node;
  }
}

function writeBody(writer: Writer, node: Node): void {
  const { bytes, rest } = node.envelope;
  for (const entry of node.content.toReversed()) {
    if (Array.isArray(entry)) {
      writer.copyRanges(bytes, entry);
      continue;
    }
    const mark = writer.length;
    writeBody(writer, entry);
    writer.wrap(entry.envelope.number, mark);
  }
  writer.copyRanges(bytes, rest);
}
