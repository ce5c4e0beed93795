/** Lower-case hexadecimal without regular expressions: checks, the all-zero test, numbers to text. */

const DIGITS = "0123456789abcdef";

/** Set in `hexBits` where a character is no lower-case hexadecimal digit. */
export const NOT_HEX = 0x80;

/** The value of every character, so that one look-up without a test answers for each. */
const VALUES: Uint8Array = new Uint8Array(0x1_0000).fill(NOT_HEX);
for (let value = 0; value < 16; value += 1) VALUES[DIGITS.charCodeAt(value)] = value;

const BYTES: readonly string[] = Array.from(
  { length: 256 },
  (_, value) => DIGITS.charAt(value >> 4) + DIGITS.charAt(value & 0xf),
);

/**
 * The digits of `text` from `start` to `end`, or-ed together: 0 means all zero, and `NOT_HEX` is set where a character is
 * foreign or missing. No comparison of characters: one would be mispredicted on every third random digit.
 */
export function hexBits(text: string, start: number, end: number): number {
  if (end > text.length) return NOT_HEX;
  let bits = 0;
  for (let at = start; at < end; at += 1) bits |= digitOf(text.charCodeAt(at));
  return bits;
}

/** The value of the character, or `NOT_HEX`. */
function digitOf(code: number): number {
  return VALUES[code] as number;
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
  if (at + 2 > text.length) return -1;
  const high = digitOf(text.charCodeAt(at));
  const low = digitOf(text.charCodeAt(at + 1));
  return ((high | low) & NOT_HEX) === 0 ? (high << 4) | low : -1;
}

/** One byte as two digits; bits above the byte are dropped. */
export function formatByte(value: number): string {
  return BYTES[value & 0xff] as string;
}

/** The low 32 bits as eight digits. */
export function formatWord(bits: number): string {
  return String.fromCharCode(
    codeOf(bits >> 28),
    codeOf(bits >> 24),
    codeOf(bits >> 20),
    codeOf(bits >> 16),
    codeOf(bits >> 12),
    codeOf(bits >> 8),
    codeOf(bits >> 4),
    codeOf(bits),
  );
}

function codeOf(value: number): number {
  return DIGITS.charCodeAt(value & 0xf);
}
