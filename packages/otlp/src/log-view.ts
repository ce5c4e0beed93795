/** Lazy accessors over the bytes of one log record, and the walk that shows every record of a batch. */

import { type AttributeValue, AttributeView } from "./attribute.ts";
import type { Batch } from "./batch.ts";
import { Cursor } from "./wire/cursor.ts";
import { decodeUtf8 } from "./wire/utf8.ts";

/** One log record. The view moves on after each visit: take what you need from it, do not keep it. */
export interface LogView {
  /** "" when absent. */
  eventName(): string;
  /** Every attribute that has a value; of several with one key the first. */
  attributes(): ReadonlyMap<string, AttributeValue>;
}

/** Shows every record, in the order of the bytes. A batch of another signal has none. */
export function forEachLog(batch: Batch, visit: (log: LogView) => void): void {
  if (batch.signal !== "logs") return;
  const resource = new Cursor();
  const scope = new Cursor();
  const record = new Cursor();
  const view = new OpenLogView();
  for (const part of batch.parts) {
    resource.open(part, 0, part.length);
    while (resource.next()) {
      if (resource.field !== 1) continue;
      scope.open(part, resource.start, resource.stop);
      while (scope.next()) {
        if (scope.field !== 2) continue;
        record.open(part, scope.start, scope.stop);
        while (record.next()) if (record.field === 2) visit(view.open(part, record.start, record.stop));
      }
    }
  }
}

const cursor = new Cursor();
const attribute = new AttributeView();

/** A view that can be moved. */
export class OpenLogView implements LogView {
  #bytes: Uint8Array = cursor.bytes;
  #start = 0;
  #end = 0;

  open(bytes: Uint8Array, start: number, end: number): this {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    return this;
  }

  eventName(): string {
    let name = "";
    cursor.open(this.#bytes, this.#start, this.#end);
    while (cursor.next()) if (cursor.field === 12) name = decodeUtf8(this.#bytes, cursor.start, cursor.stop);
    return name;
  }

  attributes(): ReadonlyMap<string, AttributeValue> {
    const found = new Map<string, AttributeValue>();
    cursor.open(this.#bytes, this.#start, this.#end);
    while (cursor.next()) {
      if (cursor.field !== 6) continue;
      const key = attribute.open(this.#bytes, cursor.start, cursor.stop).key();
      const value = attribute.value();
      if (value !== undefined && !found.has(key)) found.set(key, value);
    }
    return found;
  }
}
