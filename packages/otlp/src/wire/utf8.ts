/** UTF-8 for a runtime-independent package: decode, encode, compare and check without TextDecoder. */

/** Invalid sequences become U+FFFD, one for each maximal invalid part, as the WHATWG Encoding Standard has it. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let pos = start;
  while (pos < end) {
    // Most text is ASCII; eight characters in one call take a fraction of the time of eight calls.
    if (pos + 8 <= end) {
      const [a, b, c, d] = [bytes[pos]!, bytes[pos + 1]!, bytes[pos + 2]!, bytes[pos + 3]!];
      const [e, f, g, h] = [bytes[pos + 4]!, bytes[pos + 5]!, bytes[pos + 6]!, bytes[pos + 7]!];
      if ((a | b | c | d | e | f | g | h) < 0x80) {
        text += String.fromCharCode(a, b, c, d, e, f, g, h);
        pos += 8;
        continue;
      }
    }
    const byte = bytes[pos]!;
    if (byte < 0x80) {
      text += String.fromCharCode(byte);
      pos++;
      continue;
    }
    const size = sequenceBytes(bytes, pos, end);
    if (size > 0) {
      let codePoint = byte & (0xff >> (size + 1));
      for (let index = 1; index < size; index++) codePoint = (codePoint << 6) | (bytes[pos + index]! & 0x3f);
      text += String.fromCodePoint(codePoint);
      pos += size;
    } else {
      text += "\ufffd";
      pos -= size;
    }
  }
  return text;
}

/** UTF-8 of a whole string; an unpaired surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) bytes.push(...encodeCodePoint(character.codePointAt(0)!));
  return Uint8Array.from(bytes);
}

/** Writes the UTF-8 of a text from `pos` on, and gives where it ends; an unpaired surrogate becomes U+FFFD. */
export function writeUtf8(bytes: Uint8Array, pos: number, text: string): number {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x80) {
      bytes[pos++] = code;
      continue;
    }
    const encoded = encodeCodePoint(text.codePointAt(index)!);
    bytes.set(encoded, pos);
    pos += encoded.length;
    if (encoded.length === 4) index++;
  }
  return pos;
}

/** Is the text from `start` to `end` well-formed (RFC 3629: shortest form, no surrogates, at most U+10FFFF)? */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let pos = start;
  while (pos < end) {
    if (bytes[pos]! < 0x80) pos++;
    else {
      const size = sequenceBytes(bytes, pos, end);
      if (size <= 0) return false;
      pos += size;
    }
  }
  return true;
}

/** Are the bytes from `start` to `end` the UTF-8 form of `text`? */
export function equalsUtf8(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  const length = text.length;
  if (end - start < length) return false;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) return decodeUtf8(bytes, start + index, end) === text.slice(index);
    if (bytes[start + index] !== code) return false;
  }
  return end - start === length;
}

export function isLoneSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}

export function encodeCodePoint(codePoint: number): Uint8Array {
  const point = isLoneSurrogate(codePoint) ? 0xfffd : codePoint;
  if (point < 0x80) return Uint8Array.of(point);
  const tail = 0x80 | (point & 0x3f);
  if (point < 0x800) return Uint8Array.of(0xc0 | (point >> 6), tail);
  const middle = 0x80 | ((point >> 6) & 0x3f);
  if (point < 0x10000) return Uint8Array.of(0xe0 | (point >> 12), middle, tail);
  return Uint8Array.of(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), middle, tail);
}

/** The size of the well-formed sequence at `pos`, or minus the bytes of the invalid part that starts there. */
function sequenceBytes(bytes: Uint8Array, pos: number, end: number): number {
  const first = bytes[pos]!;
  // The Unicode Standard, table 3-7: the second byte's range depends on the first.
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  const size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  for (let index = 1; index < size; index++) {
    const byte = pos + index < end ? bytes[pos + index]! : 0;
    if (byte < (index === 1 ? low : 0x80) || byte > (index === 1 ? high : 0xbf)) return -index;
  }
  return size === 0 ? -1 : size;
}
