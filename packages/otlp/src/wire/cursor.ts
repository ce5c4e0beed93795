/** Steps through the fields of proven bytes without allocating. */

const NO_BYTES = new Uint8Array(0);

/** Where the current field is. Only for bytes `proveFraming` has accepted: nothing is checked again. */
export class Cursor {
  bytes: Uint8Array = NO_BYTES;
  /** The number of the current field. */
  field = 0;
  wire = 0;
  /** Where its tag starts, where its value starts (behind a length), and where it ends. */
  tagStart = 0;
  start = 0;
  stop = 0;
  #end = 0;

  open(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes;
    this.stop = start;
    this.#end = end;
    return this;
  }

  /** Steps to the next field; false at the end. */
  next(): boolean {
    if (this.stop >= this.#end) return false;
    const bytes = this.bytes;
    let pos = this.stop;
    this.tagStart = pos;
    let tag = bytes[pos++]!;
    if (tag >= 0x80) {
      tag = readVarint(bytes, pos - 1);
      pos = varintEnd(bytes, pos - 1);
    }
    // Proven tags are below 2^32, and >>> reads them unsigned.
    this.field = tag >>> 3;
    const wire = tag & 7;
    this.wire = wire;
    if (wire === 2) {
      let length = bytes[pos++]!;
      if (length >= 0x80) {
        length = readVarint(bytes, pos - 1);
        pos = varintEnd(bytes, pos - 1);
      }
      this.start = pos;
      this.stop = pos + length;
    } else {
      this.start = pos;
      this.stop =
        wire === 0 ? varintEnd(bytes, pos) : wire === 1 ? pos + 8 : wire === 5 ? pos + 4 : groupEnd(bytes, pos);
    }
    return true;
  }
}

/** The unsigned value of the varint at `pos`, rounded above 2^53. */
export function readVarint(bytes: Uint8Array, pos: number): number {
  let byte = bytes[pos]!;
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  let scale = 1;
  do {
    byte = bytes[++pos]!;
    scale *= 128;
    value += (byte & 0x7f) * scale;
  } while (byte >= 0x80);
  return value;
}

/** The signed 64-bit value of the varint at `pos`. */
export function readInt64(bytes: Uint8Array, pos: number): bigint {
  return BigInt.asIntN(64, readUint64(bytes, pos));
}

/** The unsigned 64-bit value of the varint at `pos`. */
export function readUint64(bytes: Uint8Array, pos: number): bigint {
  let value = 0n;
  let shift = 0n;
  let byte: number;
  do {
    byte = bytes[pos++]!;
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
  } while (byte >= 0x80);
  return value;
}

/** The low 32 bits of the varint at `pos`, signed: what int32 and enum fields hold. */
export function readInt32(bytes: Uint8Array, pos: number): number {
  let value = 0;
  let byte: number;
  let shift = 0;
  do {
    byte = bytes[pos++]!;
    if (shift < 32) value |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte >= 0x80);
  return value;
}

export function readFixed32(bytes: Uint8Array, pos: number): number {
  return (bytes[pos]! | (bytes[pos + 1]! << 8) | (bytes[pos + 2]! << 16) | (bytes[pos + 3]! << 24)) >>> 0;
}

export function readFixed64(bytes: Uint8Array, pos: number): bigint {
  return (BigInt(readFixed32(bytes, pos + 4)) << 32n) | BigInt(readFixed32(bytes, pos));
}

export function readDouble(bytes: Uint8Array, pos: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + pos, 8).getFloat64(0, true);
}

function varintEnd(bytes: Uint8Array, pos: number): number {
  while (bytes[pos++]! >= 0x80);
  return pos;
}

function groupEnd(bytes: Uint8Array, pos: number): number {
  let open = 1;
  while (open > 0) {
    const wire = bytes[pos]! & 7;
    pos = varintEnd(bytes, pos);
    if (wire === 3) open++;
    else if (wire === 4) open--;
    else if (wire === 2) pos = varintEnd(bytes, pos) + readVarint(bytes, pos);
    else pos = wire === 0 ? varintEnd(bytes, pos) : wire === 1 ? pos + 8 : pos + 4;
  }
  return pos;
}
