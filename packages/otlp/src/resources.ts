/** Takes a batch apart by resource: whose telemetry it is, without looking at the items. */

import { type AttributeValue, AttributeView } from "./attribute.ts";
import type { AttributeKeys, FoundAttributes } from "./attribute-keys.ts";
import { type Batch, batchOf, isDivisible, requestTypes } from "./batch.ts";
import { Cursor } from "./wire/cursor.ts";
import { proveFraming } from "./wire/framing.ts";
import { addRange } from "./wire/ranges.ts";

/** The resource of one ResourceSpans, ResourceMetrics or ResourceLogs. The view moves on: do not keep it. */
export interface ResourceView {
  /** Of several attributes with one key the first. */
  attribute(key: string): AttributeValue | undefined;
}

/** How many ResourceSpans, ResourceMetrics or ResourceLogs a batch has. */
export function countResources(batch: Batch): number {
  let count = 0;
  const request = new Cursor();
  for (const part of batch.parts) {
    request.open(part, 0, part.length);
    while (request.next()) if (request.field === 1) count++;
  }
  return count;
}

/**
 * One batch for each shard that `shardOf` names, in the order the shards first appear, nothing copied; the same batch
 * when there is one shard. Profiles are shown as one resource without attributes. Fields OTLP does not define go with
 * what stands before them.
 */
export function shardByResource<Shard>(
  batch: Batch,
  shardOf: (resource: ResourceView) => Shard,
): ReadonlyMap<Shard, Batch> {
  const view = new OpenResourceView();
  if (!isDivisible(batch.signal) || batch.parts.length === 0) return new Map([[shardOf(view), batch]]);
  const shards = new Map<Shard, Uint8Array[]>();
  for (const part of batch.parts) {
    for (const [shard, ranges] of rangesOf(part, view, shardOf)) {
      let parts = shards.get(shard);
      if (parts === undefined) shards.set(shard, (parts = []));
      for (let index = 0; index < ranges.length; index += 2) {
        parts.push(part.subarray(ranges[index], ranges[index + 1]));
      }
    }
  }
  const [only] = shards.keys();
  if (shards.size === 1) return new Map([[only!, batch]]);
  const type = requestTypes[batch.signal];
  const countItems = (part: Uint8Array): number => {
    const framing = proveFraming(type, part);
    return framing.kind === "proven" ? framing.items : 0;
  };
  return new Map(
    Array.from(shards, ([shard, parts]) => {
      const items = parts.reduce((sum, part) => sum + countItems(part), 0);
      return [shard, batchOf(batch.signal, parts, items)];
    }),
  );
}

function rangesOf<Shard>(
  part: Uint8Array,
  view: OpenResourceView,
  shardOf: (resource: ResourceView) => Shard,
): Map<Shard, number[]> {
  const found = new Map<Shard, number[]>();
  const request = new Cursor().open(part, 0, part.length);
  let ranges: number[] | undefined;
  while (request.next()) {
    if (request.field === 1 || ranges === undefined) {
      const shard = shardOf(view.open(part, request.start, request.field === 1 ? request.stop : request.start));
      ranges = found.get(shard);
      if (ranges === undefined) found.set(shard, (ranges = []));
    }
    addRange(ranges, request.tagStart, request.stop);
  }
  return found;
}

const envelope = new Cursor();
const resource = new Cursor();
const attribute = new AttributeView();

/** Of a ResourceSpans, ResourceMetrics or ResourceLogs message; of several attributes with one key the first. */
export function findResourceAttribute(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: string,
): AttributeValue | undefined {
  envelope.open(bytes, start, end);
  while (envelope.next()) {
    if (envelope.field !== 1) continue;
    resource.open(bytes, envelope.start, envelope.stop);
    while (resource.next()) {
      if (resource.field === 1 && attribute.open(bytes, resource.start, resource.stop).hasKey(key))
        return attribute.value();
    }
  }
  return undefined;
}

/** Looks several attributes up in one pass, like `findResourceAttribute` each. */
export function lookAtResource(
  bytes: Uint8Array,
  start: number,
  end: number,
  keys: AttributeKeys,
  found: FoundAttributes,
): void {
  found.open(keys, bytes);
  envelope.open(bytes, start, end);
  while (envelope.next()) if (envelope.field === 1) found.look(keys, envelope.start, envelope.stop, 1);
}

/** The bytes of the one Resource of a ResourceSpans, ResourceMetrics or ResourceLogs; undefined for none or several. */
export function onlyResource(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
  let stop = 0;
  let from = 0;
  envelope.open(bytes, start, end);
  while (envelope.next()) {
    if (envelope.field !== 1) continue;
    if (stop !== 0) return undefined;
    from = envelope.start;
    stop = envelope.stop;
  }
  return stop === 0 ? undefined : bytes.subarray(from, stop);
}

class OpenResourceView implements ResourceView {
  #bytes: Uint8Array = envelope.bytes;
  #start = 0;
  #end = 0;

  open(bytes: Uint8Array, start: number, end: number): this {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    return this;
  }

  attribute(key: string): AttributeValue | undefined {
    return findResourceAttribute(this.#bytes, this.#start, this.#end, key);
  }
}
