/** 64-bit ids as unsigned decimals, exact: a JavaScript number would lose their low digits. */

const MAX = 0xffff_ffff_ffff_ffffn;

/** 16 lower-case hexadecimal digits; undefined where the text is no decimal of 64 bits. Zero gives 16 zeros. */
export function hexOfDecimal(text: string): string | undefined {
  if (text.length === 0 || text.length > 20) return undefined;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return undefined;
  }
  const value = BigInt(text);
  return value > MAX ? undefined : value.toString(16).padStart(16, "0");
}

/** `hex` must be hexadecimal digits. */
export function decimalOfHex(hex: string): string {
  return BigInt(`0x${hex}`).toString();
}

export const ZERO_ID = "0000000000000000";
