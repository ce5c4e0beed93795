import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isName, isValue, readLines, readStatusLine } from "../../src/plane/section-parser.ts";

const sectionOf = (text: string) => ({ bytes: Buffer.from(`--${text}`, "latin1"), start: 2, text });

describe("a section of HTTP/1.1", () => {
  it("has its status line apart from its fields", () => {
    const section = sectionOf("HTTP/1.0 404 Not Found\r\nA: 1\r\nb:\t 2 \r\nA:\r\n");
    const first = readStatusLine(section);
    expect(first).toEqual({ minor: 0, status: 404, reason: "Not Found", length: 24 });
    expect(readLines(section, 24)).toEqual(["A", "1", "b", "2", "A", ""]);
  });

  it("holds what may be written, and nothing else can be read from it", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 6 }),
        fc.string({ unit: "binary", maxLength: 6 }),
        (name, value) => {
          const trimmed = value.replaceAll(/^[ \t]+|[ \t]+$/g, "");
          const writable = isName(name) && isValue(value);
          const latin = Array.from(name + value).every((char) => char.charCodeAt(0) <= 0xff);
          fc.pre(latin);
          const read = readLines(sectionOf(`${name}: ${value}\r\n`), 0);
          expect(isDeepStrictEqual(read, [name, trimmed])).toBe(writable);
        },
      ),
    );
  });

  it("has names of tokens and values without control characters, each character a byte", () => {
    expect(["", "A b", "a:", "\u00e4", "x-A_1"].map(isName)).toEqual([false, false, false, false, true]);
    expect(["", "a\tb \u00ff", "\n", "\r", "\0", "\u0100", "\x7f"].map(isValue)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
