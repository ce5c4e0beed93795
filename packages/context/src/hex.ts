/** Lower-case hexadecimal without regular expressions: checks, the all-zero test, bytes to text. */

const DIGITS = "0123456789abcdef";

/** The value of the hexadecimal digit with this character code, lower case only; -1 for anything else. */
export function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x61 && code <= 0x66) return code - 0x57;
  return -1;
}

/** Whether `text` holds only lower-case hexadecimal digits from `start` to `end`. */
export function isLowerHex(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (hexDigit(text.charCodeAt(at)) < 0) return false;
  return true;
}

/** Whether `text` holds only `0` from `start` to `end`: the id that W3C Trace Context forbids. */
export function isAllZero(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (text.charCodeAt(at) !== 0x30) return false;
  return true;
}

/** A non-zero lower-case id of exactly `length` digits. */
export function isId(text: string, length: number): boolean {
  return text.length === length && isLowerHex(text, 0, length) && !isAllZero(text, 0, length);
}

/** One byte as two digits; bits above the byte are dropped. */
export function formatByte(value: number): string {
  return DIGITS.charAt((value >> 4) & 0xf) + DIGITS.charAt(value & 0xf);
}

export function formatBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += formatByte(byte);
  return text;
}
