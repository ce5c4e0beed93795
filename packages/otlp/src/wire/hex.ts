/** Trace and span ids between bytes and lower-case hexadecimal digits. */

const digits = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

/** Two lower-case digits for each byte from `start` to `end`. */
export function formatHex(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let pos = start;
  // Ids have 8 or 16 bytes. One call with all digits makes a flat string, a third of the time of joining single ones.
  for (; pos + 8 <= end; pos += 8) text += formatEight(bytes, pos);
  for (; pos < end; pos++) text += String.fromCharCode(digits[bytes[pos]! >> 4]!, digits[bytes[pos]! & 15]!);
  return text;
}

function formatEight(bytes: Uint8Array, pos: number): string {
  const [a, b, c, d] = [bytes[pos]!, bytes[pos + 1]!, bytes[pos + 2]!, bytes[pos + 3]!];
  const [e, f, g, h] = [bytes[pos + 4]!, bytes[pos + 5]!, bytes[pos + 6]!, bytes[pos + 7]!];
  // oxfmt-ignore
  return String.fromCharCode(
    digits[a >> 4]!, digits[a & 15]!, digits[b >> 4]!, digits[b & 15]!,
    digits[c >> 4]!, digits[c & 15]!, digits[d >> 4]!, digits[d & 15]!,
    digits[e >> 4]!, digits[e & 15]!, digits[f >> 4]!, digits[f & 15]!,
    digits[g >> 4]!, digits[g & 15]!, digits[h >> 4]!, digits[h & 15]!,
  );
}

/** Digits of either case; undefined when there is anything else or an odd number. */
export function parseHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  return writeHex(bytes, 0, text) ? bytes : undefined;
}

/** Writes the bytes that the pairs of digits spell from `pos` on; false when there is anything else among them. */
export function writeHex(bytes: Uint8Array, pos: number, text: string): boolean {
  let seen = 0;
  for (let index = 0; index + 1 < text.length; index += 2) {
    const high = digitValue(text.charCodeAt(index));
    const low = digitValue(text.charCodeAt(index + 1));
    seen |= high | low;
    bytes[pos++] = (high << 4) | low;
  }
  return seen < 16;
}

/** The value of every ASCII character as a digit; 16 for what is none. */
const values = new Uint8Array(128).fill(16);
for (let value = 0; value < 16; value++) {
  values[digits[value]!] = value;
  values[String.fromCharCode(digits[value]!).toUpperCase().charCodeAt(0)] = value;
}

/** 16 or more for what is no digit. No comparison: one would be mispredicted on every third random digit. */
function digitValue(code: number): number {
  return values[code & 0x7f]! | (code & 0xff80);
}
