/** Trace and span ids between bytes and lower-case hexadecimal digits. */

const digits = "0123456789abcdef";

/** Two lower-case digits for each byte from `start` to `end`. */
export function formatHex(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let pos = start; pos < end; pos++) text += digits[bytes[pos]! >> 4]! + digits[bytes[pos]! & 15]!;
  return text;
}

/** Digits of either case; undefined when there is anything else or an odd number. */
export function parseHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < text.length; index++) {
    const digit = digitValue(text.charCodeAt(index));
    if (digit < 0) return undefined;
    bytes[index >> 1] = (bytes[index >> 1]! << 4) | digit;
  }
  return bytes;
}

function digitValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
