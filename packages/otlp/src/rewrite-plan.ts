/** The changes to one request, collected from front to back and written in one go: what does not change is copied. */

import { maxDepth } from "./wire/framing.ts";
import { Writer } from "./wire/writer.ts";

/** What stands in place of a field: nothing, text, or bytes. */
export type Replacement = undefined | { readonly number: number; readonly value: string | Uint8Array };

/** A field that goes or is replaced. */
interface Change {
  readonly tagStart: number;
  readonly stop: number;
  readonly replacement: Replacement;
}

/** A message with a change somewhere inside, in its field. */
interface Node {
  readonly number: number;
  readonly tagStart: number;
  readonly start: number;
  readonly stop: number;
  readonly content: (Node | Change)[];
}

export class RewritePlan {
  readonly #bytes: Uint8Array;
  readonly #root: Node;
  /** The nodes around the current field as far as they exist; most messages never need one. */
  readonly #nodes: Node[];
  /** Number, tagStart, start and stop of every message around the current field but the request. */
  readonly #around: Int32Array = new Int32Array(4 * maxDepth);
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#root = { number: 0, tagStart: 0, start: 0, stop: bytes.length, content: [] };
    this.#nodes = [this.#root];
  }

  enter(number: number, tagStart: number, start: number, stop: number): void {
    const at = 4 * this.#depth++;
    this.#around[at] = number;
    this.#around[at + 1] = tagStart;
    this.#around[at + 2] = start;
    this.#around[at + 3] = stop;
  }

  leave(): void {
    if (this.#nodes.length > this.#depth) this.#nodes.length = this.#depth;
    this.#depth--;
  }

  change(tagStart: number, stop: number, replacement: Replacement): void {
    for (let depth = this.#nodes.length; depth <= this.#depth; depth++) {
      const at = 4 * (depth - 1);
      const node = {
        number: this.#around[at]!,
        tagStart: this.#around[at + 1]!,
        start: this.#around[at + 2]!,
        stop: this.#around[at + 3]!,
        content: [],
      };
      this.#nodes[depth - 1]!.content.push(node);
      this.#nodes.push(node);
    }
    this.#nodes.at(-1)!.content.push({ tagStart, stop, replacement });
  }

  /** The request with its changes; the same bytes when there are none. */
  finish(): Uint8Array {
    if (this.#root.content.length === 0) return this.#bytes;
    const writer = new Writer(this.#bytes.length + 64);
    this.#write(writer, this.#root);
    return writer.finish();
  }

  #write(writer: Writer, node: Node): void {
    let pos = node.stop;
    for (let index = node.content.length - 1; index >= 0; index--) {
      const entry = node.content[index]!;
      writer.copy(this.#bytes, entry.stop, pos);
      pos = entry.tagStart;
      if ("content" in entry) {
        const mark = writer.length;
        this.#write(writer, entry);
        writer.wrap(entry.number, mark);
      } else if (entry.replacement !== undefined) {
        const { number, value } = entry.replacement;
        if (typeof value === "string") writer.stringField(number, value);
        else writer.bytesField(number, value);
      }
    }
    writer.copy(this.#bytes, node.start, pos);
  }
}
