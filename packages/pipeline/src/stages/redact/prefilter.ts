/** Tells from the bytes of a text, in one pass over them, which of some patterns can match in it. */
import type { Needs, Pattern } from "./patterns.ts";

const digitBit = 1;
const highBit = 2;

/** Characters told apart: as many as a small integer has bits to spare. */
const maxCharacters = 28;

/** Patterns told apart; those beyond share the last bit. */
const maxPatterns = 30;

/** The patterns that may match, as bits by `bitOf`; 0 when none can. */
export type Prefilter = (bytes: Uint8Array, start: number, stop: number) => number;

/** All patterns there can be. */
export const everyPattern = -1;

/** The bit of the pattern at this index. */
export function bitOf(index: number): number {
  return 1 << Math.min(index, maxPatterns);
}

/** What a pattern needs, ready to be compared. */
interface Test {
  readonly bit: number;
  readonly mask: number;
  readonly digits: number;
  readonly length: number;
  readonly digitRun: number;
}

/**
 * In text with bytes beyond ASCII every pattern may match: it may not be valid UTF-8, and readers differ in what they make
 * of that. When there are more characters to tell apart than fit, those left over are not looked for.
 */
export function definePrefilter(patterns: readonly Pattern[]): Prefilter {
  const { kinds, maskOf } = defineKinds(patterns.flatMap((pattern) => pattern.needs));
  const tests = patterns.flatMap((pattern, index) =>
    pattern.needs.map((needs): Test => {
      const { digits, length, digitRun = 0 } = needs;
      return { bit: bitOf(index), mask: maskOf(needs), digits, length, digitRun };
    }),
  );
  const shortest = Math.min(...tests.map((test) => test.length));
  return (bytes, start, stop) => {
    const length = stop - start;
    if (length < shortest) return 0;
    let seen = 0;
    let digits = 0;
    for (let pos = start; pos < stop; pos++) {
      const kind = kinds[bytes[pos] as number] as number;
      seen |= kind;
      digits += kind & digitBit;
    }
    if ((seen & highBit) !== 0) return everyPattern;
    let found = 0;
    for (const test of tests) {
      if ((seen & test.mask) !== test.mask || digits < test.digits || length < test.length) continue;
      if (test.digitRun === 0 || hasDigitRun(bytes, start, stop, test.digitRun)) found |= test.bit;
    }
    return found;
  };
}

/** A bit for each needed character, and one more for a letter that is needed in either case. */
function defineKinds(needs: readonly Needs[]) {
  const kinds = new Uint32Array(256);
  kinds.fill(highBit, 128);
  for (let code = 0x30; code <= 0x39; code++) kinds[code] = digitBit;
  const bits = new Map<string, number>();
  const spellings = (character: string, { caseless = false }: Needs): string =>
    caseless ? character.toLowerCase() + character.toUpperCase() : character;
  for (const need of needs) {
    for (const character of need.characters) {
      const spelt = spellings(character, need);
      if (bits.has(spelt) || bits.size === maxCharacters) continue;
      const bit = 4 << bits.size;
      bits.set(spelt, bit);
      for (const one of new Set(spelt)) kinds[one.charCodeAt(0)]! |= bit;
    }
  }
  const maskOf = (need: Needs): number =>
    Array.from(need.characters, (character) => bits.get(spellings(character, need)) ?? 0).reduce(
      (mask, bit) => mask | bit,
      0,
    );
  return { kinds, maskOf };
}

/** Are there so many digits in a row, each but the last with at most a space or a dash behind it? */
function hasDigitRun(bytes: Uint8Array, start: number, stop: number, wanted: number): boolean {
  let run = 0;
  let between = 0;
  for (let pos = start; pos < stop; pos++) {
    const byte = bytes[pos] as number;
    if (byte >= 0x30 && byte <= 0x39) {
      run += 1;
      if (run === wanted) return true;
      between = 0;
    } else if ((byte === 0x20 || byte === 0x2d) && between === 0) between = 1;
    else run = between = 0;
  }
  return false;
}
