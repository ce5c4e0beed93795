/** Knows the form nearly every writer gives an attribute, so that proving it takes no walk over its messages. */

/**
 * Are the bytes from `start` to `end` a KeyValue of one key and one value, in either order (the OpenTelemetry Collector
 * writes descending field numbers), the value a single string, bool, integer, double or bytes, no length padded or above
 * 127? False says nothing: any other KeyValue may be well-formed too.
 */
export function isPlainPair(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 4) return false;
  // A byte above 127 is no length yet.
  const size = bytes[start + 1]!;
  const middle = start + 2 + size;
  if (size >= 0x80 || end - middle < 2) return false;
  const rest = bytes[middle + 1]!;
  if (rest >= 0x80 || middle + 2 + rest !== end) return false;
  const first = bytes[start]!;
  if (first === 0x0a) return bytes[middle] === 0x12 && isPlainValue(bytes, middle + 2, end);
  return first === 0x12 && bytes[middle] === 0x0a && isPlainValue(bytes, start + 2, middle);
}

/** An AnyValue of one member and no other field. */
function isPlainValue(bytes: Uint8Array, start: number, end: number): boolean {
  const size = end - start;
  if (size < 2) return false;
  const tag = bytes[start]!;
  if (tag === 0x0a || tag === 0x3a) return bytes[start + 1] === size - 2;
  if (tag === 0x21) return size === 9;
  // Ten bytes behind the tag may be more than 64 bits.
  if ((tag !== 0x18 && tag !== 0x10) || size > 10) return false;
  let pos = start + 1;
  while (pos < end - 1 && bytes[pos]! >= 0x80) pos++;
  return pos === end - 1 && bytes[pos]! < 0x80;
}
