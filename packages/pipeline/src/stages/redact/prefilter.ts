/** Tells from the bytes of a text, in one pass over them, whether any of some patterns can match in it. */
import type { Needs } from "./patterns.ts";

const digitBit = 1;
const highBit = 2;

/** Characters told apart: as many as a small integer has bits to spare. */
const maxCharacters = 28;

export type Prefilter = (bytes: Uint8Array, start: number, stop: number) => boolean;

/**
 * Text with bytes beyond ASCII always passes: it may not be valid UTF-8, and readers differ in what they make of that.
 * When there are more characters to tell apart than fit, those left over are not looked for.
 */
export function definePrefilter(needs: readonly Needs[]): Prefilter {
  const kinds = new Uint32Array(256);
  kinds.fill(highBit, 128);
  for (let code = 0x30; code <= 0x39; code++) kinds[code] = digitBit;
  const characters = [...new Set(needs.flatMap((need) => need.characters.split("")))].slice(0, maxCharacters);
  for (const [index, character] of characters.entries()) kinds[character.charCodeAt(0)]! |= 4 << index;

  const masks = needs.map((need) =>
    need.characters.split("").reduce((mask, one) => mask | (kinds[one.charCodeAt(0)]! & ~digitBit), 0),
  );
  const count = needs.length;
  const shortest = Math.min(...needs.map((need) => need.length));
  return (bytes, start, stop) => {
    const length = stop - start;
    if (length < shortest) return false;
    let seen = 0;
    let digits = 0;
    for (let pos = start; pos < stop; pos++) {
      const kind = kinds[bytes[pos]!]!;
      seen |= kind;
      digits += kind & digitBit;
    }
    if ((seen & highBit) !== 0) return true;
    for (let index = 0; index < count; index++) {
      const need = needs[index]!;
      const mask = masks[index]!;
      if ((seen & mask) === mask && digits >= need.digits && length >= need.length) return true;
    }
    return false;
  };
}
