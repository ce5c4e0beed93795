/** Base64 (RFC 4648) between bytes and text. */

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const values: ReadonlyMap<string, number> = new Map([
  ...Array.from(alphabet, (character, index) => [character, index] as const),
  ["-", 62],
  ["_", 63],
]);

/** The standard alphabet, with padding. */
export function formatBase64(bytes: Uint8Array): string {
  let text = "";
  for (let pos = 0; pos < bytes.length; pos += 3) {
    const left = bytes.length - pos;
    const group = (bytes[pos]! << 16) | ((bytes[pos + 1] ?? 0) << 8) | (bytes[pos + 2] ?? 0);
    text += alphabet[group >> 18]! + alphabet[(group >> 12) & 63]!;
    text += left > 1 ? alphabet[(group >> 6) & 63]! : "=";
    text += left > 2 ? alphabet[group & 63]! : "=";
  }
  return text;
}

/** Either alphabet, padding optional; undefined when there is anything else. */
export function parseBase64(text: string): Uint8Array | undefined {
  let length = text.length;
  while (length > 0 && text.length - length < 2 && text[length - 1] === "=") length--;
  if (length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let held = 0;
  let heldBits = 0;
  let pos = 0;
  for (let index = 0; index < length; index++) {
    const value = values.get(text[index]!);
    if (value === undefined) return undefined;
    held = ((held << 6) | value) & 0xfff;
    heldBits += 6;
    if (heldBits < 8) continue;
    heldBits -= 8;
    bytes[pos++] = held >> heldBits;
  }
  return bytes;
}
