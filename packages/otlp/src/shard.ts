/** Cuts a batch by the traces its spans belong to: one walk notes where each span goes, then each is copied once. */

import { type Batch, batchOf } from "./batch.ts";
import { Cursor, readFixed32 } from "./wire/cursor.ts";
import { addRange } from "./wire/ranges.ts";
import { Writer } from "./wire/writer.ts";

export interface ShardOptions {
  /** How many shards there are. */
  readonly count: number;
  /** The shard of a trace, from 0 to `count` - 1, by what `hashTraceId` makes of its id. */
  readonly shardOf: (traceHash: number) => number;
  /** Memory for all shards together: at least so many bytes, of whatever content. Default: new memory. */
  readonly allocate?: (bytes: number) => Uint8Array;
}

/**
 * One batch for each shard that gets a span; the same batch when that is one shard. Every shard repeats the resources and
 * scopes its spans need. Throws TypeError for another signal than traces.
 */
export function shardByTrace(batch: Batch, options: ShardOptions): ReadonlyMap<number, Batch> {
  if (batch.signal !== "traces") throw new TypeError(`batch: ${batch.signal} cannot be sharded by trace`);
  const sorting = new Sorting(options);
  for (const part of batch.parts) sorting.add(part);
  return sorting.finish(batch);
}

/** 32 bits of a trace id of any length, the same in every process. */
export function hashTraceId(bytes: Uint8Array, start = 0, stop: number = bytes.length): number {
  let hash = stop - start;
  let pos = start;
  for (; pos + 4 <= stop; pos += 4) hash = Math.imul(hash, 0x9e3779b1) + readFixed32(bytes, pos);
  for (; pos < stop; pos++) hash = Math.imul(hash, 0x9e3779b1) + bytes[pos]!;
  return mix(hash) >>> 0;
}

/** The finish of MurmurHash3: every bit of the input changes half of the output. */
function mix(value: number): number {
  let state = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return state ^ (state >>> 16);
}

/** A message around spans: a request, a ResourceSpans, a ScopeSpans. */
interface Around {
  readonly outer: Around | undefined;
  readonly bytes: Uint8Array;
  /** Where its fields beside spans and envelopes start and end. */
  readonly rest: number[];
  /** At most so many bytes in a shard: those fields, a tag of one byte and a length of at most five. */
  maxBytes: number;
}

/** Spans of one shard that follow each other: where they start and stop, their scope, and the run of the shard before. */
const runSize = 4;
/** Used again by the next batch, unless it has grown larger than this. */
let kept: Int32Array = new Int32Array(8_192);
const mostKept = 1024 * 1024;

const request = new Cursor();
const resource = new Cursor();
const scope = new Cursor();
const field = new Cursor();

class Sorting {
  readonly #options: ShardOptions;
  readonly #scopes: Around[] = [];
  #runs = kept;
  #end = 0;
  /** By shard: its last run, or -1. */
  readonly #last: Int32Array;
  readonly #items: Int32Array;
  readonly #spanBytes: Float64Array;

  constructor(options: ShardOptions) {
    const { count } = options;
    this.#options = options;
    this.#last = new Int32Array(count).fill(-1);
    this.#items = new Int32Array(count);
    this.#spanBytes = new Float64Array(count);
  }

  add(bytes: Uint8Array): void {
    const { shardOf } = this.#options;
    const whole: Around = { outer: undefined, bytes, rest: [], maxBytes: 6 };
    request.open(bytes, 0, bytes.length);
    while (request.next()) {
      if (request.field !== 1) {
        addRest(whole, request);
        continue;
      }
      const envelope: Around = { outer: whole, bytes, rest: [], maxBytes: 6 };
      resource.open(bytes, request.start, request.stop);
      while (resource.next()) {
        if (resource.field !== 2) {
          addRest(envelope, resource);
          continue;
        }
        const inner: Around = { outer: envelope, bytes, rest: [], maxBytes: 6 };
        const index = this.#scopes.push(inner) - 1;
        scope.open(bytes, resource.start, resource.stop);
        while (scope.next()) {
          if (scope.field !== 2) addRest(inner, scope);
          else this.#note(shardOf(hashOfSpan(bytes, scope.start, scope.stop)), scope.tagStart, scope.stop, index);
        }
      }
    }
  }

  #note(shard: number, start: number, stop: number, index: number): void {
    const before = this.#last[shard]!;
    this.#items[shard]!++;
    this.#spanBytes[shard]! += stop - start;
    if (before >= 0 && this.#runs[before + 1] === start && this.#runs[before + 2] === index) {
      this.#runs[before + 1] = stop;
      return;
    }
    if (this.#end === this.#runs.length) this.#grow();
    const runs = this.#runs;
    runs[this.#end] = start;
    runs[this.#end + 1] = stop;
    runs[this.#end + 2] = index;
    runs[this.#end + 3] = before;
    this.#last[shard] = this.#end;
    this.#end += runSize;
  }

  #grow(): void {
    const runs = new Int32Array(2 * this.#runs.length);
    runs.set(this.#runs);
    this.#runs = runs;
  }

  finish(batch: Batch): ReadonlyMap<number, Batch> {
    if (this.#runs.length <= mostKept) kept = this.#runs;
    const shards = new Map<number, Batch>();
    const first = this.#items.findIndex((items) => items > 0);
    if (first < 0) return shards;
    if (this.#items[first] === batch.items) return shards.set(first, batch);
    const { allocate = (bytes): Uint8Array => new Uint8Array(bytes) } = this.#options;
    const sizes = Array.from(this.#last, (last, shard) => this.#spanBytes[shard]! + this.#aroundBytes(last));
    let end = sizes.reduce((sum, bytes) => sum + bytes, 0);
    const memory = allocate(end);
    for (const [shard, size] of sizes.entries()) {
      if (size === 0) continue;
      const writer = new Writer(memory.subarray(end - size, end));
      end -= size;
      this.#write(writer, this.#last[shard]!);
      shards.set(shard, batchOf(batch.signal, [writer.finish()], this.#items[shard]!));
    }
    return shards;
  }

  /** At most so many bytes around the spans of a shard. */
  #aroundBytes(last: number): number {
    let bytes = 0;
    let entered: Around | undefined;
    for (let run = last; run >= 0; run = this.#runs[run + 3]!) {
      const inner = this.#scopes[this.#runs[run + 2]!]!;
      let other = entered;
      entered = inner;
      for (let one: Around | undefined = inner; one !== undefined && one !== other; one = one.outer) {
        bytes += one.maxBytes;
        other = other?.outer;
      }
    }
    return bytes;
  }

  /** From the last run of a shard to its first. */
  #write(writer: Writer, last: number): void {
    const runs = this.#runs;
    let scopeMark = 0;
    let resourceMark = 0;
    let before = 0;
    for (let run = last; run >= 0; run = before) {
      const inner = this.#scopes[runs[run + 2]!]!;
      writer.copy(inner.bytes, runs[run]!, runs[run + 1]!);
      before = runs[run + 3]!;
      const next = before < 0 ? undefined : this.#scopes[runs[before + 2]!];
      if (next === inner) continue;
      const outer = inner.outer!;
      writer.copyRanges(inner.bytes, inner.rest);
      writer.wrap(2, scopeMark);
      if (next?.outer !== outer) {
        writer.copyRanges(outer.bytes, outer.rest);
        writer.wrap(1, resourceMark);
        if (next?.outer?.outer !== outer.outer) writer.copyRanges(outer.bytes, outer.outer!.rest);
        resourceMark = writer.length;
      }
      scopeMark = writer.length;
    }
  }
}

function addRest(around: Around, cursor: Cursor): void {
  addRange(around.rest, cursor.tagStart, cursor.stop);
  around.maxBytes += cursor.stop - cursor.tagStart;
}

/** Of several trace ids the last counts. */
function hashOfSpan(bytes: Uint8Array, start: number, stop: number): number {
  let idStart = start;
  let idStop = start;
  let pos = start;
  while (pos < stop) {
    const tag = bytes[pos]!;
    const next = bytes[pos + 1]!;
    const wire = tag & 7;
    // Nearly all fields have a tag and a length of one byte.
    if (tag < 0x80 && wire === 1) pos += 9;
    else if (tag < 0x80 && wire === 2 && next < 0x80) {
      if (tag === 0x0a) {
        idStart = pos + 2;
        idStop = idStart + next;
      }
      pos += 2 + next;
    } else {
      field.open(bytes, pos, stop).next();
      pos = field.stop;
      if (field.field !== 1) continue;
      idStart = field.start;
      idStop = field.stop;
    }
  }
  return hashTraceId(bytes, idStart, idStop);
}
