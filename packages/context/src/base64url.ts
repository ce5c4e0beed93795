/** Base64url without padding for short header texts (RFC 4648, section 5); the values are Latin-1, as Node reads them. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Characters above U+00FF keep only their low byte; header values have none. */
export function toBase64Url(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; at += 3) {
    const left = Math.min(3, text.length - at);
    let bits = 0;
    for (let step = 0; step < 3; step += 1) bits = (bits << 8) | (step < left ? text.charCodeAt(at + step) & 0xff : 0);
    for (let step = 0; step <= left; step += 1) out += ALPHABET.charAt((bits >> (18 - 6 * step)) & 63);
  }
  return out;
}

/** Undefined where a character is foreign or the length impossible. */
export function fromBase64Url(text: string): string | undefined {
  if (text.length % 4 === 1) return undefined;
  let out = "";
  let bits = 0;
  let held = 0;
  for (let at = 0; at < text.length; at += 1) {
    const value = ALPHABET.indexOf(text.charAt(at));
    if (value < 0) return undefined;
    bits = ((bits << 6) | value) & 0xfff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += String.fromCharCode((bits >> held) & 0xff);
  }
  return out;
}
