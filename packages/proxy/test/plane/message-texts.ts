/** Parts of HTTP/1.1 messages for tests, written from what they mean. */
import type { FieldLines } from "@tracemend/context";
import fc from "fast-check";

const token = fc.string({ unit: fc.constantFrom(...Array.from("abcXYZ09-_!#")), minLength: 1, maxLength: 8 });
const value = fc
  .string({ unit: fc.constantFrom(...Array.from('abc XYZ09,;="\t\u00e4\u00ff')), maxLength: 12 })
  .map((text) => text.replaceAll(/^[ \t]+|[ \t]+$/g, ""));
export const anyLines: fc.Arbitrary<string[]> = fc
  .array(fc.tuple(token, value), { maxLength: 4 })
  .map((pairs) => pairs.flatMap(([name, text]) => [`x-${name}`, text]));
export const anyBody: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(...Array.from("ab\r\n0: \u00ff")),
  maxLength: 40,
});

export function textOf(all: FieldLines): string {
  let text = "";
  for (let at = 0; at < all.length; at += 2) text += `${all[at]}: ${all[at + 1]}\r\n`;
  return text;
}

export function chunksOf(body: string, cuts: readonly number[], extension: string): string {
  const places = [0, ...cuts.filter((cut) => cut < body.length).sort((a, b) => a - b), body.length];
  let text = "";
  for (let at = 1; at < places.length; at += 1) {
    const chunk = body.slice(places[at - 1], places[at]);
    if (chunk !== "") text += `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`;
  }
  return text;
}

export function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** Where a text is cut into, how many characters go, and what comes in their place. */
export interface Change {
  /** From 0 at the beginning to 1 behind the end. */
  readonly place: number;
  readonly removed: number;
  readonly piece: string;
}

/** What readers are known to differ about. */
const PIECES = ["", " ", "\t", "\r", "\n", "\r\n", "\0", ":", ";", ",", "0", "1", "f", "-", "+", "\u00ff", "chunked"];

export const anyChanges: fc.Arbitrary<Change[]> = fc.array(
  fc.record({
    place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    removed: fc.constantFrom(0, 0, 0, 1, 2),
    piece: fc.constantFrom(...PIECES),
  }),
  { minLength: 1, maxLength: 2 },
);

export function changed(text: string, changes: readonly Change[]): string {
  return changes.reduce((before, { place, removed, piece }) => {
    const at = Math.floor(place * before.length);
    return before.slice(0, at) + piece + before.slice(at + removed);
  }, text);
}
