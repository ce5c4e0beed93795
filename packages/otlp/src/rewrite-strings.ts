/** Shows every string of a batch to a rule and writes what the rule makes of it: the ground redaction stands on. */

import { AttributeView } from "./attribute.ts";
import { type Batch, batchOf, isDivisible, requestTypes } from "./batch.ts";
import { Cursor } from "./wire/cursor.ts";
import { type FieldAt, listFields } from "./wire/field-list.ts";
import { type Field, type MessageName, type MessageType, messageTypes } from "./wire/fields.ts";
import { decodeUtf8, isUtf8 } from "./wire/utf8.ts";
import { Writer } from "./wire/writer.ts";

/** Where a string stands. The object is reused: read it during the call. */
export interface StringSite {
  /** Its message and field as OTLP names them, such as "Span" and "traceState", "KeyValue" and "key". */
  readonly message: MessageName;
  readonly field: string;
  /** The attribute keys around it, outermost first: of a value its own key last. */
  readonly keys: readonly string[];
}

export interface StringRules {
  /**
   * What to write in place of `text`; return `text` to leave it. Called for every string OTLP defines: names, messages,
   * log bodies, attribute keys and values in arrays and maps, of resources, scopes, events, links and exemplars,
   * tracestate, schema URLs. Bytes attributes are given as text when they are UTF-8, and left when they are not.
   */
  text(text: string, site: StringSite): string;
  /** Should the attribute go, whatever its value? Asked before its strings are shown. Keys as the sender wrote them. */
  drops?(key: string, site: StringSite): boolean;
}

/**
 * Fields OTLP does not define are left out: nobody can tell what is in them. So is an entity of a resource that one of
 * the dropped attributes identifies. Throws TypeError for profiles, whose strings stand in a dictionary.
 */
export function rewriteStrings(batch: Batch, rules: StringRules): Batch {
  if (!isDivisible(batch.signal)) throw new TypeError(`batch: the strings of ${batch.signal} cannot be rewritten`);
  const rewriting = new Rewriting(rules);
  const parts = batch.parts.map((part) => rewriting.part(requestTypes[batch.signal], part));
  return batchOf(
    batch.signal,
    parts.filter((part) => part.length > 0),
    batch.items,
  );
}

class Rewriting {
  readonly #rules: StringRules;
  readonly #keys: string[] = [];
  readonly #site = { message: "Traces" as MessageName, field: "", keys: this.#keys };
  readonly #attribute = new AttributeView();
  #writer = new Writer(0);

  constructor(rules: StringRules) {
    this.#rules = rules;
  }

  part(type: MessageType, bytes: Uint8Array): Uint8Array {
    this.#writer = new Writer(bytes.length + 64);
    this.#message(type, bytes, 0, bytes.length);
    return this.#writer.finish();
  }

  #message(type: MessageType, bytes: Uint8Array, start: number, stop: number): void {
    for (const at of listFields(bytes, start, stop).toReversed()) {
      const field = type.fields[at.number];
      if (field === undefined) continue;
      if (field.message === messageTypes.KeyValue) this.#keyValue(type, field, bytes, at);
      else if (field.message === messageTypes.EntityRef && this.#losesId(bytes, at)) continue;
      else if (field.message !== undefined) {
        const mark = this.#writer.length;
        this.#message(field.message, bytes, at.start, at.stop);
        this.#writer.wrap(field.number, mark);
      } else if (field.type === "string" || field.type === "bytes") this.#string(type, field, bytes, at);
      else this.#writer.copy(bytes, at.tagStart, at.stop);
    }
  }

  #keyValue(type: MessageType, field: Field, bytes: Uint8Array, at: FieldAt): void {
    const key = this.#attribute.open(bytes, at.start, at.stop).key();
    if (this.#drops(key, type, field)) return;
    this.#keys.push(key);
    const mark = this.#writer.length;
    this.#message(messageTypes.KeyValue, bytes, at.start, at.stop);
    this.#writer.wrap(field.number, mark);
    this.#keys.pop();
  }

  #string(type: MessageType, field: Field, bytes: Uint8Array, at: FieldAt): void {
    const valid = isUtf8(bytes, at.start, at.stop);
    if (!valid && field.type === "bytes") {
      this.#writer.copy(bytes, at.tagStart, at.stop);
      return;
    }
    const text = decodeUtf8(bytes, at.start, at.stop);
    const rewritten = this.#rules.text(text, this.#at(type, field));
    if (valid && rewritten === text) this.#writer.copy(bytes, at.tagStart, at.stop);
    else this.#writer.stringField(field.number, rewritten);
  }

  /** An entity's id keys must name attributes that are there. */
  #losesId(bytes: Uint8Array, at: FieldAt): boolean {
    const { Resource, EntityRef } = messageTypes;
    const cursor = new Cursor().open(bytes, at.start, at.stop);
    while (cursor.next()) {
      if (EntityRef.fields[cursor.field]?.name !== "idKeys") continue;
      if (this.#drops(decodeUtf8(bytes, cursor.start, cursor.stop), Resource, Resource.fields[1]!)) return true;
    }
    return false;
  }

  #drops(key: string, type: MessageType, field: Field): boolean {
    return this.#rules.drops?.(key, this.#at(type, field)) ?? false;
  }

  #at(type: MessageType, field: Field): StringSite {
    this.#site.message = type.name;
    this.#site.field = field.name;
    return this.#site;
  }
}
