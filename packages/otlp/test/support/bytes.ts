/** Writes protobuf by hand, valid or not, independently of the writer under test. */

export type Bytes = Uint8Array;

export function concat(...parts: readonly Bytes[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let pos = 0;
  for (const part of parts) {
    bytes.set(part, pos);
    pos += part.length;
  }
  return bytes;
}

/** `size` pads the varint with continuation bytes, up to ten. */
export function varint(value: number | bigint, size = 1): Bytes {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  } while (rest > 0n || bytes.length < size);
  bytes[bytes.length - 1]! &= 0x7f;
  return Uint8Array.from(bytes);
}

export function tag(number: number, wire: number, size = 1): Bytes {
  return varint(BigInt(number) * 8n + BigInt(wire), size);
}

/** A length-delimited field: a message, a string, bytes. */
export function len(number: number, ...content: readonly Bytes[]): Bytes {
  const body = concat(...content);
  return concat(tag(number, 2), varint(body.length), body);
}

export function str(number: number, text: string): Bytes {
  return len(number, new TextEncoder().encode(text));
}

export function num(number: number, value: number | bigint): Bytes {
  return concat(tag(number, 0), varint(value));
}

export function fixed64(number: number, value: bigint): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return concat(tag(number, 1), bytes);
}

export function fixed32(number: number, value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return concat(tag(number, 5), bytes);
}

export function group(number: number, ...content: readonly Bytes[]): Bytes {
  return concat(tag(number, 3), ...content, tag(number, 4));
}

export function hex(number: number, digits: string): Bytes {
  return len(
    number,
    Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
  );
}

/** A KeyValue with a string value, as field `number`. */
export function pair(number: number, key: string, value: string): Bytes {
  return len(number, str(1, key), len(2, str(1, value)));
}

/** A span with the ids a span must have, and what else is given. */
export function span(id: number, ...more: readonly Bytes[]): Bytes {
  return len(2, hex(1, traceId(id)), hex(2, spanId(id)), ...more);
}

export function traceId(id: number): string {
  return id.toString(16).padStart(32, "0");
}

export function spanId(id: number): string {
  return id.toString(16).padStart(16, "0");
}

/** A traces request of one resource, one scope and these spans. */
export function traces(resource: readonly Bytes[], ...spans: readonly Bytes[]): Bytes {
  return len(1, len(1, ...resource), len(2, str(3, "scope-schema"), ...spans));
}
