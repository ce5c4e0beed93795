/** Rejects the items for which the next hop would refuse a whole batch, and settles what readers disagree on. */

import { AttributeView } from "./attribute.ts";
import { type Batch, batchOf, isDivisible, requestTypes } from "./batch.ts";
import { canonicalize } from "./canonical.ts";
import { type Envelope, forEachItem, Piece } from "./sieve.ts";
import { Cursor } from "./wire/cursor.ts";
import { type Field, type MessageType, messageTypes } from "./wire/fields.ts";
import { isUtf8 } from "./wire/utf8.ts";

/**
 * Why an item is rejected. `trace-id`, `span-id`, `parent-span-id`: neither absent nor 16 or 8 bytes, or, for a span's
 * own ids, absent or all zeros. `link`, `exemplar`: an id in one of the item's has another length. `text`: a string of
 * the item, its scope or its resource is not UTF-8.
 */
export type ItemDefect = "trace-id" | "span-id" | "parent-span-id" | "link" | "exemplar" | "text";

export interface Refinement {
  /** Without the rejected items; the batch itself when nothing had to change. */
  readonly batch: Batch;
  /** The count and the text for `partial_success`; 0 and "" when every item was taken. */
  readonly rejected: number;
  readonly message: string;
  readonly defects: ReadonlyMap<ItemDefect, number>;
  /** Were repeated singular fields, such as a second trace id, or repeated resource attributes resolved? */
  readonly canonicalized: boolean;
}

/** Profiles pass unchanged. */
export function refineBatch(batch: Batch): Refinement {
  const defects = new Map<ItemDefect, number>();
  if (!isDivisible(batch.signal)) return { batch, rejected: 0, message: "", defects, canonicalized: false };
  const inspection = new Inspection();
  const kept = new Piece();
  let rejected = 0;
  let damaged = false;
  forEachItem(
    batch,
    (cursor, envelope, items) => {
      const type = envelope.type.fields[cursor.field]?.message ?? messageTypes.Opaque;
      const defect =
        inspection.envelope(envelope) ?? inspection.message(type, envelope.bytes, cursor.start, cursor.stop, true);
      if (defect === undefined) {
        kept.add(cursor, envelope, items);
        return;
      }
      rejected += items;
      defects.set(defect, (defects.get(defect) ?? 0) + items);
    },
    (envelope) => {
      // Without items nothing would be rejected for it, and the next hop would refuse the batch all the same.
      damaged ||= inspection.envelope(envelope) !== undefined;
    },
  );
  const clean = rejected === 0 && !damaged ? batch : kept.finish(batch.signal);
  const { repeats } = inspection;
  return {
    batch: repeats ? canonicalizeBatch(clean) : clean,
    rejected,
    message: describe(batch, rejected, defects),
    defects,
    canonicalized: repeats,
  };
}

function canonicalizeBatch(batch: Batch): Batch {
  const type = requestTypes[batch.signal];
  return batchOf(
    batch.signal,
    batch.parts.map((part) => canonicalize(type, part)),
    batch.items,
  );
}

function describe(batch: Batch, rejected: number, defects: ReadonlyMap<ItemDefect, number>): string {
  if (rejected === 0) return "";
  const texts: Readonly<Record<ItemDefect, string>> = {
    "trace-id": "trace id is not 16 bytes or is zero",
    "span-id": "span id is not 8 bytes or is zero",
    "parent-span-id": "parent span id is not 8 bytes",
    link: "a link has an id of another length",
    exemplar: "an exemplar has an id of another length",
    text: "a string is not UTF-8",
  };
  const reasons = Array.from(defects, ([defect, count]) => `${texts[defect]} (${count})`);
  return `${rejected} of ${batch.items} items rejected: ${reasons.join(", ")}`;
}

/** Looks through messages for defects, and remembers whether any singular field repeats. */
class Inspection {
  repeats = false;
  /** The envelopes around the current item, by depth. */
  readonly #around: { readonly envelope: Envelope; readonly defect: ItemDefect | undefined }[] = [];
  readonly #attribute = new AttributeView();
  /** One for each level of nesting; a new one for each message would be most of the cost. */
  readonly #cursors: Cursor[] = [];
  #depth = 0;

  /** What is wrong beside the items of an envelope, or around it. */
  envelope(envelope: Envelope): ItemDefect | undefined {
    const known = this.#around[envelope.depth];
    if (known?.envelope === envelope) return known.defect;
    const outer = envelope.parent === undefined ? undefined : this.envelope(envelope.parent);
    const defect = outer ?? this.message(envelope.type, envelope.bytes, envelope.start, envelope.stop, false);
    this.#around[envelope.depth] = { envelope, defect };
    return defect;
  }

  /** What is wrong with the fields of a message and of the messages in it; with the items it holds only if `whole`. */
  message(type: MessageType, bytes: Uint8Array, start: number, stop: number, whole: boolean): ItemDefect | undefined {
    let seen = 0;
    let defect: ItemDefect | undefined;
    const cursor = (this.#cursors[this.#depth] ??= new Cursor()).open(bytes, start, stop);
    this.#depth++;
    while (cursor.next()) {
      const field = type.fields[cursor.field];
      if (field === undefined) continue;
      if (!field.repeated) {
        // Every oneof is alone in its message, so its members can share bit 0, which no field number takes.
        const bit = field.oneof ? 1 : 1 << field.number;
        if ((seen & bit) !== 0) this.repeats = true;
        seen |= bit;
      }
      if (field.envelops && !whole) continue;
      defect ??= this.#value(type, field, cursor);
    }
    this.#depth--;
    if (type === messageTypes.Resource) this.#findRepeatedKeys(bytes, start, stop);
    if (type === messageTypes.Span) defect ??= missingId(bytes, start, stop);
    return defect;
  }

  #value(type: MessageType, field: Field, cursor: Cursor): ItemDefect | undefined {
    const { bytes, start, stop } = cursor;
    if (field.message !== undefined) return this.message(field.message, bytes, start, stop, true);
    if (field.type === "string") return isUtf8(bytes, start, stop) ? undefined : "text";
    if (field.idBytes === 0 || stop === start || stop - start === field.idBytes) return undefined;
    if (type === messageTypes.Link) return "link";
    if (type === messageTypes.Exemplar) return "exemplar";
    return field.type === "traceId" ? "trace-id" : field.name === "parentSpanId" ? "parent-span-id" : "span-id";
  }

  #findRepeatedKeys(bytes: Uint8Array, start: number, stop: number): void {
    const keys = new Set<string>();
    const cursor = new Cursor().open(bytes, start, stop);
    while (cursor.next()) {
      if (cursor.field !== 1) continue;
      const key = this.#attribute.open(bytes, cursor.start, cursor.stop).key();
      if (keys.has(key)) this.repeats = true;
      keys.add(key);
    }
  }
}

/** A span must have both ids; of several the last counts. */
function missingId(bytes: Uint8Array, start: number, stop: number): ItemDefect | undefined {
  let hasTraceId = false;
  let hasSpanId = false;
  const cursor = new Cursor().open(bytes, start, stop);
  while (cursor.next()) {
    if (cursor.field === 1) hasTraceId = isNonZero(bytes, cursor.start, cursor.stop);
    else if (cursor.field === 2) hasSpanId = isNonZero(bytes, cursor.start, cursor.stop);
  }
  return hasTraceId ? (hasSpanId ? undefined : "span-id") : "trace-id";
}

function isNonZero(bytes: Uint8Array, start: number, stop: number): boolean {
  for (let pos = start; pos < stop; pos++) if (bytes[pos] !== 0) return true;
  return false;
}
