/** Parses JSON text (RFC 8259) and keeps every number as it was written, so that no 64-bit integer is rounded. */

export type JsonValue = string | boolean | null | JsonNumber | readonly JsonValue[] | JsonObject;
/** Of several members with one name the last counts, as for JSON.parse. */
export type JsonObject = ReadonlyMap<string, JsonValue>;

export class JsonNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/** Why a text is no OTLP/JSON body. `syntax`: no JSON. `depth`: too deep. `value`: not what OTLP has there. */
export interface JsonDefect {
  readonly code: "syntax" | "depth" | "value";
  /** UTF-16 units from the start of the text; for `value` 0. */
  readonly offset: number;
  readonly message: string;
}

export type JsonReading =
  | { readonly kind: "json"; readonly value: JsonValue }
  | { readonly kind: "malformed"; readonly defect: JsonDefect };

/** Every OTLP message is an object in JSON, and lists around it: twice the depth of the binary form, with room. */
const maxDepth = 250;

export function parseJson(text: string): JsonReading {
  const parser = new Parser(text);
  try {
    return { kind: "json", value: parser.document() };
  } catch (error) {
    if (error instanceof JsonFault) return { kind: "malformed", defect: error.defect };
    throw error;
  }
}

/** Ends a reading from any depth; it never leaves this package. */
export class JsonFault extends Error {
  readonly defect: JsonDefect;

  constructor(code: JsonDefect["code"], message: string, offset = 0) {
    super(message);
    this.defect = { code, offset, message };
  }
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

class Parser {
  readonly #text: string;
  #pos = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonValue {
    const value = this.#value(0);
    this.#space();
    if (this.#pos < this.#text.length) throw this.#fault("there is more behind the value");
    return value;
  }

  #value(depth: number): JsonValue {
    if (depth > maxDepth) throw this.#fault(`more than ${maxDepth} levels`, "depth");
    this.#space();
    const first = this.#text[this.#pos];
    if (first === "{") return this.#object(depth);
    if (first === "[") return this.#array(depth);
    if (first === '"') return this.#string();
    if (first === "t") return this.#word("true", true);
    if (first === "f") return this.#word("false", false);
    if (first === "n") return this.#word("null", null);
    number.lastIndex = this.#pos;
    const source = number.exec(this.#text)?.[0] ?? "";
    this.#pos += source.length;
    if (source === "") throw this.#fault("a value is missing");
    return new JsonNumber(source);
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, JsonValue>();
    this.#pos++;
    if (this.#has("}")) return members;
    do {
      this.#space();
      if (this.#text[this.#pos] !== '"') throw this.#fault("a name is missing");
      const name = this.#string();
      if (!this.#has(":")) throw this.#fault("a colon is missing");
      members.set(name, this.#value(depth + 1));
    } while (this.#has(","));
    if (!this.#has("}")) throw this.#fault("an object has no end");
    return members;
  }

  #array(depth: number): readonly JsonValue[] {
    const values: JsonValue[] = [];
    this.#pos++;
    if (this.#has("]")) return values;
    do values.push(this.#value(depth + 1));
    while (this.#has(","));
    if (!this.#has("]")) throw this.#fault("a list has no end");
    return values;
  }

  #string(): string {
    this.#pos++;
    let text = this.#plain();
    while (this.#text[this.#pos] !== '"') {
      if (this.#text[this.#pos] !== "\\") throw this.#fault("a string has no end or a control character");
      text += this.#escape() + this.#plain();
    }
    this.#pos++;
    return text;
  }

  /** What a string holds up to its end, its next escape, or a control character, which it must not hold. */
  #plain(): string {
    const start = this.#pos;
    for (;;) {
      const code = this.#text.charCodeAt(this.#pos);
      if (!(code >= 0x20) || code === 0x22 || code === 0x5c) return this.#text.slice(start, this.#pos);
      this.#pos++;
    }
  }

  #escape(): string {
    const letter = this.#text[this.#pos + 1] ?? "";
    if (letter === "u") {
      const digits = this.#text.slice(this.#pos + 2, this.#pos + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#fault("an escape has no four digits");
      this.#pos += 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const character = escapes[letter];
    if (character === undefined) throw this.#fault("an unknown escape");
    this.#pos += 2;
    return character;
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#pos)) throw this.#fault("a value is missing");
    this.#pos += word.length;
    return value;
  }

  #has(character: string): boolean {
    this.#space();
    if (this.#text[this.#pos] !== character) return false;
    this.#pos++;
    return true;
  }

  #space(): void {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.#pos);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.#pos++;
    }
  }

  #fault(message: string, code: JsonDefect["code"] = "syntax"): JsonFault {
    return new JsonFault(code, `${message} at ${this.#pos}`, this.#pos);
  }
}
