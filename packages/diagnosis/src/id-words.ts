/** Trace and span ids as 32-bit words: eight bytes instead of a string for what is kept by the hundred thousand. */

const DIGITS = "0123456789abcdef";

/** The value of a digit by its character code, below 0 for what is no digit: as many codes as one byte has. */
const NIBBLES: Int8Array = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value += 1) NIBBLES[DIGITS.charCodeAt(value)] = value;

/** Places in the scratch words every store copies from: four of the trace id, two of a span id. */
export const TRACE_WORDS = 4;
export const SPAN_WORDS = 2;
export const KEY_WORDS = 6;

/** Where the lower half of a trace id begins: what formats with ids of 64 bits keep. */
export const LOWER_HALF_AT = 2;
export const LOWER_HALF_WORDS = 2;

/** Of the hash of a request id. */
export const REQUEST_ID_WORDS = 2;

/**
 * Reads `words * 8` lower-case hexadecimal digits into `into` from `at` on. False for another length, another digit or
 * the all-zero id: then what stands in `into` means nothing.
 */
function readWords(id: string, words: number, into: Uint32Array, at: number): boolean {
  if (id.length !== words * 8) return false;
  let any = 0;
  // Below 0 once a character is no digit.
  let digits = 0;
  // Above one byte once a character is.
  let codes = 0;
  for (let word = 0; word < words; word += 1) {
    const from = word * 8;
    const a = id.charCodeAt(from);
    const b = id.charCodeAt(from + 1);
    const c = id.charCodeAt(from + 2);
    const d = id.charCodeAt(from + 3);
    const e = id.charCodeAt(from + 4);
    const f = id.charCodeAt(from + 5);
    const g = id.charCodeAt(from + 6);
    const h = id.charCodeAt(from + 7);
    codes |= a | b | c | d | e | f | g | h;
    const i = NIBBLES[a & 0xff] as number;
    const j = NIBBLES[b & 0xff] as number;
    const k = NIBBLES[c & 0xff] as number;
    const l = NIBBLES[d & 0xff] as number;
    const m = NIBBLES[e & 0xff] as number;
    const n = NIBBLES[f & 0xff] as number;
    const o = NIBBLES[g & 0xff] as number;
    const p = NIBBLES[h & 0xff] as number;
    digits |= i | j | k | l | m | n | o | p;
    const value = (i << 28) | (j << 24) | (k << 20) | (l << 16) | (m << 12) | (n << 8) | (o << 4) | p;
    into[at + word] = value;
    any |= value;
  }
  return any !== 0 && digits >= 0 && codes <= 0xff;
}

export function readTraceId(id: string, into: Uint32Array, at = 0): boolean {
  return readWords(id, TRACE_WORDS, into, at);
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
