/** Trace and span ids as 32-bit words: eight bytes instead of a string for what is kept by the hundred thousand. */

const DIGITS = "0123456789abcdef";

/** Places in the scratch words every store copies from: four of the trace id, two of a span id. */
export const TRACE_WORDS = 4;
export const SPAN_WORDS = 2;
export const KEY_WORDS = 6;

/**
 * Reads `words * 8` lower-case hexadecimal digits into `into` from `at` on. False for another length, another digit or
 * the all-zero id: then what stands in `into` means nothing.
 */
export function readWords(id: string, words: number, into: Uint32Array, at: number): boolean {
  if (id.length !== words * 8) return false;
  let any = 0;
  let from = 0;
  for (let word = 0; word < words; word += 1) {
    let value = 0;
    for (let digit = 0; digit < 8; digit += 1) {
      const code = id.charCodeAt(from);
      from += 1;
      const nibble = code >= 0x61 && code <= 0x66 ? code - 0x57 : code - 0x30;
      if (nibble < 0 || nibble > 15 || (nibble > 9 && code < 0x61)) return false;
      value = (value << 4) | nibble;
    }
    into[at + word] = value;
    any |= value;
  }
  return any !== 0;
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
