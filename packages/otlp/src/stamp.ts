/** Sets resource attributes on everything in a batch, by splicing: what does not change is copied as it came. */

import { AttributeView } from "./attribute.ts";
import { type Batch, batchOf } from "./batch.ts";
import { Cursor } from "./wire/cursor.ts";
import { addRange } from "./wire/ranges.ts";
import { Writer } from "./wire/writer.ts";

export interface Stamped {
  readonly batch: Batch;
  /** How many attributes the sender had set to another value than the stamp's. They are gone. */
  readonly spoofed: number;
}

/**
 * Gives every resource exactly one attribute for each stamped key. A batch that has them all already is returned as it
 * is. Several Resource messages in one envelope become one. Profiles pass unchanged.
 */
export type Stamp = (batch: Batch) => Stamped;

/**
 * `allocate` gives memory of at least so many bytes, of whatever content; default: new memory. Throws TypeError for an
 * empty key and for a value that is not a string.
 */
export function defineStamp(
  attributes: Readonly<Record<string, string>>,
  allocate: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
): Stamp {
  const wanted = Object.entries(attributes);
  for (const [key, value] of wanted) {
    if (key === "") throw new TypeError("attributes: a key must not be empty");
    if (typeof value !== "string") throw new TypeError(`attributes: ${key} must be a string, not ${typeof value}`);
  }
  const fields = encodeAttributes(wanted);
  return (batch) => {
    if (batch.signal === "profiles" || wanted.length === 0) return { batch, spoofed: 0 };
    let spoofed = 0;
    let edited = false;
    const parts = batch.parts.map((part) => {
      const plan = planPart(part, wanted);
      spoofed += plan.spoofed;
      if (!plan.edits.some((edit) => edit !== undefined)) return part;
      edited = true;
      return writePart(part, plan, fields, allocate);
    });
    return edited ? { batch: batchOf(batch.signal, parts, batch.items), spoofed } : { batch, spoofed };
  };
}

/** What one envelope (ResourceSpans, ResourceMetrics, ResourceLogs) keeps. */
interface Edit {
  /** Starts and ends of the ranges inside its Resource messages. */
  readonly resource: readonly number[];
  /** Starts and ends of the ranges beside them. */
  readonly rest: readonly number[];
}

interface Plan {
  /** Where each field of the request starts and ends, and what becomes of it: undefined when it stays as it is. */
  readonly ranges: readonly number[];
  readonly edits: readonly (Edit | undefined)[];
  readonly spoofed: number;
}

const request = new Cursor();
const envelope = new Cursor();
const resource = new Cursor();
const attribute = new AttributeView();

function planPart(part: Uint8Array, wanted: readonly (readonly [string, string])[]): Plan {
  const ranges: number[] = [];
  const edits: (Edit | undefined)[] = [];
  let spoofed = 0;
  const seen = wanted.map(() => 0);
  request.open(part, 0, part.length);
  while (request.next()) {
    ranges.push(request.tagStart, request.stop);
    if (request.field !== 1) {
      edits.push(undefined);
      continue;
    }
    const edit = { resource: [] as number[], rest: [] as number[] };
    let different = 0;
    seen.fill(0);
    envelope.open(part, request.start, request.stop);
    while (envelope.next()) {
      if (envelope.field !== 1) {
        addRange(edit.rest, envelope.tagStart, envelope.stop);
        continue;
      }
      resource.open(part, envelope.start, envelope.stop);
      while (resource.next()) {
        const index = resource.field === 1 ? findKey(part, wanted) : -1;
        if (index < 0) addRange(edit.resource, resource.tagStart, resource.stop);
        else {
          seen[index]!++;
          if (attribute.value() !== wanted[index]![1]) different++;
        }
      }
    }
    const stands = different === 0 && seen.every((count) => count === 1);
    edits.push(stands ? undefined : edit);
    spoofed += different;
  }
  return { ranges, edits, spoofed };
}

/** Which stamped key the attribute under the cursor has, or -1. */
function findKey(part: Uint8Array, wanted: readonly (readonly [string, string])[]): number {
  attribute.open(part, resource.start, resource.stop);
  for (let index = 0; index < wanted.length; index++) if (attribute.hasKey(wanted[index]![0])) return index;
  return -1;
}

function writePart(
  part: Uint8Array,
  plan: Plan,
  fields: Uint8Array,
  allocate: (bytes: number) => Uint8Array,
): Uint8Array {
  const edited = plan.edits.reduce((count, edit) => (edit === undefined ? count : count + 1), 0);
  // Two tags and two lengths, at most 1 + 5 bytes each, are new beside the attributes.
  const writer = new Writer(allocate(part.length + edited * (fields.length + 12)));
  for (let index = plan.edits.length - 1; index >= 0; index--) {
    const edit = plan.edits[index];
    if (edit === undefined) {
      writer.copy(part, plan.ranges[2 * index]!, plan.ranges[2 * index + 1]!);
      continue;
    }
    const envelopeMark = writer.length;
    writer.copyRanges(part, edit.rest);
    const resourceMark = writer.length;
    writer.copy(fields, 0, fields.length);
    writer.copyRanges(part, edit.resource);
    writer.wrap(1, resourceMark);
    writer.wrap(1, envelopeMark);
  }
  return writer.finish();
}

function encodeAttributes(wanted: readonly (readonly [string, string])[]): Uint8Array {
  const writer = new Writer();
  for (const [key, value] of wanted.toReversed()) {
    const mark = writer.length;
    writer.stringField(1, value);
    writer.wrap(2, mark);
    writer.stringField(1, key);
    writer.wrap(1, mark);
  }
  return writer.finish();
}
