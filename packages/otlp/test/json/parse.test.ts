import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonNumber, type JsonValue, parseJson } from "../../src/json/parse.ts";

/** As JSON.parse has it. */
function plain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.source);
  if (value instanceof Map) return Object.fromEntries(Array.from(value, ([key, member]) => [key, plain(member)]));
  return Array.isArray(value) ? (value as readonly JsonValue[]).map((item) => plain(item)) : value;
}

function read(text: string): unknown {
  const reading = parseJson(text);
  return reading.kind === "json" ? plain(reading.value) : reading.defect.code;
}

describe("parseJson", () => {
  it("reads what JSON.parse reads", () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: "grapheme" }), fc.constantFrom(undefined, 1, "\t\r\n"), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), undefined, indent);
        expect(read(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("refuses what JSON.parse refuses", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"',
      '"a"',
      "1",
      "-",
      "0",
      ".",
      "e5",
      "true",
      "nul",
      " ",
      "\\",
      "\\u00e9",
      "\u0001",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 7 }), (parts) => {
        const text = parts.join("");
        let expected: unknown = "syntax";
        try {
          expected = JSON.parse(text) as unknown;
        } catch {
          // It stays "syntax".
        }
        expect(read(text)).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it("keeps numbers as they were written", () => {
    expect(parseJson("9007199254740993")).toEqual({ kind: "json", value: new JsonNumber("9007199254740993") });
  });

  it("takes the last of several members with one name", () => {
    expect(read('{"a":1,"a":2}')).toEqual({ a: 2 });
  });

  it("reads every escape", () => {
    expect(read(String.raw`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude80"`)).toBe('"\\/\b\f\n\r\té🚀');
  });

  it("refuses deep nesting without overflowing the stack", () => {
    expect(read("[".repeat(100_000))).toBe("depth");
    expect(read(`${"[".repeat(200)}${"]".repeat(200)}`)).toBeInstanceOf(Array);
  });

  it("says where", () => {
    expect(parseJson('{"a" 1}')).toEqual({
      kind: "malformed",
      defect: { code: "syntax", offset: 5, message: "a colon is missing at 5" },
    });
  });
});
