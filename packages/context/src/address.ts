/** IP addresses and ranges of them, IPv4 and IPv6 in one form: sixteen bytes, IPv4 mapped as RFC 4291, 2.5.5.2, says. */

export interface AddressRange {
  /** Sixteen bytes. */
  readonly base: Uint8Array;
  /** How many leading bits have to be equal, of 128. */
  readonly bits: number;
}

const MAPPED_BITS = 96;

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. Undefined for anything else. */
export function parseRange(text: string): AddressRange | undefined {
  const slash = text.indexOf("/");
  const base = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (base === undefined) return undefined;
  if (slash < 0) return { base, bits: 128 };
  const v4 = !text.includes(":");
  const length = parseDecimal(text.slice(slash + 1), v4 ? 32 : 128);
  return length === undefined ? undefined : { base, bits: v4 ? MAPPED_BITS + length : length };
}

export function isInRange(address: Uint8Array, range: AddressRange): boolean {
  for (let bit = 0; bit < range.bits; bit += 8) {
    const differing = (address[bit >> 3] as number) ^ (range.base[bit >> 3] as number);
    const ignored = Math.max(0, bit + 8 - range.bits);
    if (differing >> ignored !== 0) return false;
  }
  return true;
}

/** Brackets, a port and an IPv6 zone are passed over, as `X-Forwarded-For` and sockets have them. */
export function parseAddress(text: string): Uint8Array | undefined {
  const bare = withoutPort(text);
  return bare.includes(":") ? parseV6(bare) : parseV4(bare);
}

function withoutPort(text: string): string {
  if (text.startsWith("[")) {
    const end = text.indexOf("]");
    return end < 0 ? "" : text.slice(1, end);
  }
  const colon = text.indexOf(":");
  return colon >= 0 && colon === text.lastIndexOf(":") ? text.slice(0, colon) : text;
}

function parseV4(text: string): Uint8Array | undefined {
  const address = new Uint8Array(16);
  address.fill(0xff, 10, 12);
  return writeV4(text, address, 12) ? address : undefined;
}

function writeV4(text: string, address: Uint8Array, at: number): boolean {
  const parts = text.split(".", 5);
  if (parts.length !== 4) return false;
  return parts.every((part, index) => {
    const value = parseDecimal(part, 255);
    if (value === undefined) return false;
    address[at + index] = value;
    return true;
  });
}

/** Source: RFC 4291, section 2.2. */
function parseV6(text: string): Uint8Array | undefined {
  const zone = text.indexOf("%");
  const sides = (zone < 0 ? text : text.slice(0, zone)).split("::", 3);
  if (sides.length > 2) return undefined;
  const [head, tail] = sides.map(groupBytes);
  if (head === undefined || (sides.length === 2 && tail === undefined)) return undefined;
  const length = head.length + (tail?.length ?? 0);
  if (sides.length === 1 ? length !== 16 : length > 14) return undefined;
  const address = new Uint8Array(16);
  address.set(head);
  if (tail !== undefined) address.set(tail, 16 - tail.length);
  return address;
}

/** The bytes of groups joined by `:`, the last of which may be an IPv4 address. */
function groupBytes(side: string): readonly number[] | undefined {
  if (side === "") return [];
  const groups = side.split(":", 9);
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (group.includes(".")) {
      const v4 = new Uint8Array(4);
      if (index !== groups.length - 1 || !writeV4(group, v4, 0)) return undefined;
      bytes.push(...v4);
      continue;
    }
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes.push(value >> 8, value & 0xff);
  }
  return bytes.length > 16 ? undefined : bytes;
}

/** No leading zeros: other readers take them for octal. */
function parseDecimal(text: string, max: number): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(text)) return undefined;
  const value = Number(text);
  return value > max ? undefined : value;
}
