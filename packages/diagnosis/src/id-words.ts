/** Trace and span ids as 32-bit words: eight bytes instead of a string for what is kept by the hundred thousand. */

const DIGITS = "0123456789abcdef";

/** The value of a digit by its character code; 16 for what is no digit. */
const NIBBLES: Uint8Array = new Uint8Array(256).fill(16);
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
  let from = 0;
  for (let word = at; word < at + words; word += 1) {
    let value = 0;
    for (const end = from + 8; from < end; from += 1) {
      const nibble = NIBBLES[id.charCodeAt(from) & 0xff] as number;
      wrong |= nibble | (id.charCodeAt(from) >> 8 === 0 ? 0 : 16);
      value = (value << 4) | nibble;
    }
    into[word] = value;
    any |= value;
  }
  return any !== 0 && wrong < 16;
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
