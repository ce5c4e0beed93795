/** Shows the strings of a batch to a rule and writes what the rule makes of them: the ground redaction stands on. */

import { type Batch, batchOf, isDivisible, requestTypes } from "./batch.ts";
import { KeyVerdicts } from "./rewrite-keys.ts";
import { RewritePlan } from "./rewrite-plan.ts";
import { isPlainPair } from "./wire/plain-pair.ts";
import { Cursor, readDouble, readInt64, readVarint } from "./wire/cursor.ts";
import { maxDepth } from "./wire/framing.ts";
import { type Field, type MessageName, type MessageType, messageTypes } from "./wire/fields.ts";
import { decodeUtf8, isUtf8 } from "./wire/utf8.ts";

/** Where a string stands. The object is reused: read it during the call. */
export interface StringSite {
  /** Its message and field as OTLP names them, such as "Span" and "traceState", "KeyValue" and "key". */
  readonly message: MessageName;
  readonly field: string;
  /** The attribute keys around it, outermost first: of a value its own key last. */
  readonly keys: readonly string[];
}

/**
 * What becomes of an attribute: it goes with everything in it, or every value in it is replaced by what the function
 * makes of it. Numbers and booleans are given as text, and text takes their place. Undefined: its strings are shown to
 * `text` like all others.
 */
export type AttributeRule = "drop" | ((value: string) => string) | undefined;

export interface StringRules {
  /**
   * What to write in place of `text`; return `text` to leave it. Called for every string OTLP defines: names, messages,
   * log bodies, attribute keys and values in arrays and maps, of resources, scopes, events, links and exemplars,
   * tracestate, schema URLs. Bytes values are given as UTF-8 text if they are that, else with one character a byte.
   * `concern` is what `concerns` said of them, or -1.
   */
  text(text: string, site: StringSite, concern: number): string;
  /** Asked once for each key, at any depth. Of an attribute with several keys the strictest rule counts. */
  attribute?(key: string): AttributeRule;
  /** 0 promises that `text` would leave the bytes from `start` to `stop` as they are, and spares their decoding. */
  concerns?(bytes: Uint8Array, start: number, stop: number): number;
}

export type StringRewriter = (batch: Batch) => Batch;

/**
 * Fields OTLP does not define are left out: nobody can tell what is in them. So is an entity of a resource that one of
 * the dropped attributes identifies. A batch in which nothing changes is returned as it is. The rewriter throws
 * TypeError for profiles, whose strings stand in a dictionary.
 */
export function defineRewriter(rules: StringRules): StringRewriter {
  const rewriting = new Rewriting(rules);
  return (batch) => {
    if (!isDivisible(batch.signal)) throw new TypeError(`batch: the strings of ${batch.signal} cannot be rewritten`);
    const type = requestTypes[batch.signal];
    const parts = batch.parts.map((part) => rewriting.part(type, part));
    if (parts.every((part, index) => part === batch.parts[index])) return batch;
    const left = parts.filter((part) => part.length > 0);
    return batchOf(batch.signal, left, batch.items);
  };
}

/** One batch through a rewriter of its own. */
export function rewriteStrings(batch: Batch, rules: StringRules): Batch {
  return defineRewriter(rules)(batch);
}

const { AnyValue, EntityRef, KeyValue } = messageTypes;

class Rewriting {
  readonly #rules: StringRules;
  readonly #verdicts: KeyVerdicts<AttributeRule> | undefined;
  readonly #concerns: StringRules["concerns"];
  readonly #site: OpenSite = new OpenSite();
  readonly #cursor = new Cursor();
  #bytes: Uint8Array = new Uint8Array(0);
  #plan: RewritePlan = new RewritePlan(this.#bytes);
  /** What replaces the values under the current attribute. */
  #replace: ((value: string) => string) | undefined;

  constructor(rules: StringRules) {
    this.#rules = rules;
    this.#concerns = rules.concerns?.bind(rules);
    if (rules.attribute !== undefined) this.#verdicts = new KeyVerdicts(rules.attribute.bind(rules));
  }

  part(type: MessageType, bytes: Uint8Array): Uint8Array {
    this.#bytes = bytes;
    this.#plan = new RewritePlan(bytes);
    this.#site.open(bytes);
    // A rule that threw may have left this behind.
    this.#replace = undefined;
    this.#message(type, 0, bytes.length);
    return this.#plan.finish();
  }

  /** Reads tags and lengths itself: a cursor for each message would be most of the cost. */
  #message(type: MessageType, start: number, stop: number): void {
    const bytes = this.#bytes;
    let pos = start;
    while (pos < stop) {
      const tagStart = pos;
      let number = bytes[pos]! >>> 3;
      const wire = bytes[pos]! & 7;
      let valueStart = pos + 1;
      if (bytes[pos]! < 0x80 && wire === 2 && bytes[valueStart]! < 0x80) {
        pos = valueStart + 1 + bytes[valueStart]!;
        valueStart++;
      } else if (bytes[pos]! < 0x80 && wire === 1) pos = valueStart + 8;
      else {
        const cursor = this.#cursor.open(bytes, pos, stop);
        cursor.next();
        number = cursor.field;
        valueStart = cursor.start;
        pos = cursor.stop;
      }
      const field = type.fields[number];
      if (field === undefined) this.#plan.change(tagStart, pos, undefined);
      else if (field.message !== undefined) this.#inside(field.message, number, tagStart, valueStart, pos);
      else if (field.wire === 2) {
        if (field.type === "string" || field.type === "bytes") this.#string(type, field, tagStart, valueStart, pos);
      } else if (type === AnyValue && this.#replace !== undefined) {
        this.#scalar(this.#replace, number, tagStart, valueStart, pos);
      }
    }
  }

  #inside(type: MessageType, number: number, tagStart: number, start: number, stop: number): void {
    if (type === KeyValue) return this.#keyValue(number, tagStart, start, stop);
    // An entity's id keys (field 3) must name attributes that are there.
    if (type === EntityRef && this.#judge(3, start, stop) === "drop") {
      return this.#plan.change(tagStart, stop, undefined);
    }
    this.#plan.enter(number, tagStart, start, stop);
    this.#message(type, start, stop);
    this.#plan.leave();
  }

  #keyValue(number: number, tagStart: number, start: number, stop: number): void {
    const verdict = this.#judge(1, start, stop);
    if (verdict === "drop") return this.#plan.change(tagStart, stop, undefined);
    const replace = this.#replace;
    if (verdict === undefined && replace === undefined && this.#isPlainAndClean(start, stop)) return;
    this.#replace = verdict ?? replace;
    this.#site.enter(start, stop);
    this.#plan.enter(number, tagStart, start, stop);
    this.#message(KeyValue, start, stop);
    this.#plan.leave();
    this.#site.leave();
    this.#replace = replace;
  }

  /** Nearly all attributes are plain pairs with nothing in them that concerns anybody. */
  #isPlainAndClean(start: number, stop: number): boolean {
    const bytes = this.#bytes;
    const concerns = this.#concerns;
    if (concerns === undefined || !isPlainPair(bytes, start, stop)) return false;
    const middle = start + 2 + bytes[start + 1]!;
    const isKeyFirst = bytes[start] === 0x0a;
    if (concerns(bytes, isKeyFirst ? start + 2 : middle + 2, isKeyFirst ? middle : stop) !== 0) return false;
    const value = isKeyFirst ? middle + 2 : start + 2;
    const isText = bytes[value] === 0x0a || bytes[value] === 0x3a;
    return !isText || concerns(bytes, value + 2, isKeyFirst ? stop : middle) === 0;
  }

  /** The strictest verdict on the keys in field `number`: which of several counts is up to the reader. */
  #judge(number: number, start: number, stop: number): AttributeRule {
    const verdicts = this.#verdicts;
    if (verdicts === undefined) return undefined;
    let strictest: AttributeRule;
    let found = false;
    const cursor = this.#cursor.open(this.#bytes, start, stop);
    while (cursor.next()) {
      if (cursor.field !== number) continue;
      found = true;
      const verdict = verdicts.of(this.#bytes, cursor.start, cursor.stop);
      if (verdict === "drop") return verdict;
      strictest ??= verdict;
    }
    return found || number !== 1 ? strictest : verdicts.of(this.#bytes, start, start);
  }

  #string(type: MessageType, field: Field, tagStart: number, start: number, stop: number): void {
    const replace = type === AnyValue ? this.#replace : undefined;
    const concern = this.#concerns?.(this.#bytes, start, stop) ?? -1;
    if (replace === undefined && concern === 0) return;
    const valid = isUtf8(this.#bytes, start, stop);
    const latin1 = !valid && field.type === "bytes";
    const text = latin1 ? decodeLatin1(this.#bytes, start, stop) : decodeUtf8(this.#bytes, start, stop);
    const rewritten =
      replace === undefined ? this.#rules.text(text, this.#site.at(type, field), concern) : replace(text);
    if ((valid || latin1) && rewritten === text) return;
    const value = latin1 ? encodeLatin1(rewritten) : rewritten;
    this.#plan.change(tagStart, stop, { number: field.number, value });
  }

  /** A number or a boolean; a reference into a dictionary, which only profiles have, stays. */
  #scalar(replace: (value: string) => string, number: number, tagStart: number, start: number, stop: number): void {
    if (number === 8) return;
    const bytes = this.#bytes;
    const value =
      number === 2 ? readVarint(bytes, start) !== 0 : number === 3 ? readInt64(bytes, start) : readDouble(bytes, start);
    this.#plan.change(tagStart, stop, { number: 1, value: replace(String(value)) });
  }
}

class OpenSite implements StringSite {
  message: MessageName = "Traces";
  field = "";
  /** Where the attributes around the string start and stop, outermost first. */
  readonly #around: Int32Array = new Int32Array(2 * maxDepth);
  #depth = 0;
  readonly #cursor = new Cursor();
  #bytes: Uint8Array = this.#cursor.bytes;

  get keys(): readonly string[] {
    const keys: string[] = [];
    for (let index = 0; index < 2 * this.#depth; index += 2) {
      let key = "";
      const cursor = this.#cursor.open(this.#bytes, this.#around[index]!, this.#around[index + 1]!);
      while (cursor.next()) if (cursor.field === 1) key = decodeUtf8(this.#bytes, cursor.start, cursor.stop);
      keys.push(key);
    }
    return keys;
  }

  open(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#depth = 0;
  }

  enter(start: number, stop: number): void {
    this.#around[2 * this.#depth] = start;
    this.#around[2 * this.#depth + 1] = stop;
    this.#depth++;
  }

  leave(): void {
    this.#depth--;
  }

  at(type: MessageType, field: Field): this {
    this.message = type.name;
    this.field = field.name;
    return this;
  }
}

function decodeLatin1(bytes: Uint8Array, start: number, stop: number): string {
  let text = "";
  for (let pos = start; pos < stop; pos++) text += String.fromCharCode(bytes[pos]!);
  return text;
}

/** Characters a byte cannot hold become question marks. */
function encodeLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => (character > "\u00ff" ? 0x3f : character.charCodeAt(0)));
}
