/** Trace and span ids as 32-bit words: eight bytes instead of a string for what is kept by the hundred thousand. */

const DIGITS = "0123456789abcdef";

/** The value of a digit by its character code; far above for what is no digit. */
const NIBBLES: Uint16Array = new Uint16Array(128).fill(0x1000);
const NO_HALF = 0x1_0000;
for (let value = 0; value < 16; value += 1) NIBBLES[DIGITS.charCodeAt(value)] = value;

/** Places in the scratch words every store copies from: four of the trace id, two of a span id. */
export const TRACE_WORDS = 4;
export const SPAN_WORDS = 2;
export const KEY_WORDS = 6;

/** Where the lower half of a trace id begins: what formats with ids of 64 bits keep. */
export const LOWER_HALF_AT = 2;

/**
 * Reads `words * 8` lower-case hexadecimal digits into `into` from `at` on. False for another length, another digit or
 * the all-zero id: then what stands in `into` means nothing.
 */
function readWords(id: string, words: number, into: Uint32Array, at: number): boolean {
  if (id.length !== words * 8) return false;
  let any = 0;
  let wrong = 0;
  for (let word = 0; word < words; word += 1) {
    const high = readHalf(id, word * 8);
    const low = readHalf(id, word * 8 + 4);
    const value = (high << 16) | low;
    into[at + word] = value;
    any |= value;
    wrong |= high | low;
  }
  return any !== 0 && wrong < NO_HALF;
}

/** The value of four digits; with the bit of `NO_HALF` where one of them is none. */
function readHalf(id: string, from: number): number {
  const a = id.charCodeAt(from);
  const b = id.charCodeAt(from + 1);
  const c = id.charCodeAt(from + 2);
  const d = id.charCodeAt(from + 3);
  if ((a | b | c | d) > 0x7f) return NO_HALF;
  const high = ((NIBBLES[a] as number) << 4) | (NIBBLES[b] as number);
  const low = ((NIBBLES[c] as number) << 4) | (NIBBLES[d] as number);
  return (high << 8) | low | ((high | low) > 0xff ? NO_HALF : 0);
}

export function readTraceId(id: string, into: Uint32Array): boolean {
  return readWords(id, TRACE_WORDS, into, 0);
}

export function readSpanId(id: string, into: Uint32Array, at: number): boolean {
  return readWords(id, SPAN_WORDS, into, at);
}

export function formatWords(words: Uint32Array, from: number, count: number): string {
  let text = "";
  for (let at = from; at < from + count; at += 1) {
    const word = words[at] as number;
    for (let shift = 28; shift >= 0; shift -= 4) text += DIGITS.charAt((word >>> shift) & 0xf);
  }
  return text;
}

/** Whether `count` words of the two arrays are the same. */
export function sameWords(
  left: Uint32Array,
  leftAt: number,
  right: Uint32Array,
  rightAt: number,
  count: number,
): boolean {
  for (let word = 0; word < count; word += 1) if (left[leftAt + word] !== right[rightAt + word]) return false;
  return true;
}
