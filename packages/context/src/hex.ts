/** Lower-case hexadecimal without regular expressions: checks, the all-zero test, bytes to text. */

const DIGITS = "0123456789abcdef";

/** Set in `hexBits` where a character is no lower-case hexadecimal digit. */
export const NOT_HEX = 0x80;

const VALUES: Uint8Array = new Uint8Array(128).fill(NOT_HEX);
for (let value = 0; value < 16; value += 1) VALUES[DIGITS.charCodeAt(value)] = value;

const BYTES: readonly string[] = Array.from(
  { length: 256 },
  (_, value) => DIGITS.charAt(value >> 4) + DIGITS.charAt(value & 0xf),
);

/**
 * The digits of `text` from `start` to `end`, or-ed together: 0 means all zero, and `NOT_HEX` is set where a character is
 * foreign. One table look-up for each character: a comparison would be mispredicted on every third random digit.
 */
export function hexBits(text: string, start: number, end: number): number {
  let bits = 0;
  let wide = 0;
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    wide |= code;
    bits |= VALUES[code & 0x7f] as number;
  }
  return wide > 0x7f ? bits | NOT_HEX : bits;
}

/** Whether `text` holds only lower-case hexadecimal digits from `start` to `end`. */
export function isLowerHex(text: string, start: number, end: number): boolean {
  return (hexBits(text, start, end) & NOT_HEX) === 0;
}

/** A non-zero lower-case id of exactly `length` digits. */
export function isId(text: string, length: number): boolean {
  if (text.length !== length) return false;
  const bits = hexBits(text, 0, length);
  return bits !== 0 && (bits & NOT_HEX) === 0;
}

/** The value of the two digits at `at`; -1 where they are not lower-case hexadecimal. */
export function parseByte(text: string, at: number): number {
  if (at + 2 > text.length || !isLowerHex(text, at, at + 2)) return -1;
  return ((VALUES[text.charCodeAt(at)] as number) << 4) | (VALUES[text.charCodeAt(at + 1)] as number);
}

/** One byte as two digits; bits above the byte are dropped. */
export function formatByte(value: number): string {
  return BYTES[value & 0xff] as string;
}

export function formatBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += formatByte(byte);
  return text;
}
