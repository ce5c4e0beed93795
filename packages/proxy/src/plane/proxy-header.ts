/** The PROXY protocol's header, text (v1) and binary (v2): who a load balancer says the connection is from. Pure. */
import { SocketAddress, isIPv4, isIPv6 } from "node:net";
import type { Peer } from "@tracemend/context";

export type ProxyHeader =
  | { readonly kind: "incomplete" }
  | { readonly kind: "malformed"; readonly text: string }
  /** `peer` is undefined where the balancer speaks for itself, or does not know. */
  | { readonly kind: "whole"; readonly bytes: number; readonly peer: Peer | undefined };

/** The longest line of v1, its end included. Source: PROXY protocol, section 2.1. */
const TEXT_BYTES = 107;

/** The longest v2 header that is read: addresses, and more TLVs than any balancer in use sends. */
const BINARY_BYTES = 4_096;

const TEXT_START = Buffer.from("PROXY ", "latin1");
const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const FIXED_BYTES = 16;

const INCOMPLETE: ProxyHeader = { kind: "incomplete" };

/** `bytes`: all that has come so far. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length === 0) return INCOMPLETE;
  const start = bytes[0] === SIGNATURE[0] ? SIGNATURE : TEXT_START;
  const length = Math.min(bytes.length, start.length);
  if (bytes.compare(start, 0, length, 0, length) !== 0) return malformed("neither v1 nor v2");
  if (length < start.length) return INCOMPLETE;
  return start === SIGNATURE ? readBinary(bytes) : readText(bytes);
}

function malformed(text: string): ProxyHeader {
  return { kind: "malformed", text };
}

function readText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, TEXT_BYTES).indexOf("\r\n", 0, "latin1");
  if (end < 0) return bytes.length < TEXT_BYTES ? INCOMPLETE : malformed("a line without end");
  const [, family, source = "", target = "", sourcePort = "", targetPort = "", ...rest] = bytes
    .toString("latin1", 0, end)
    .split(" ");
  const whole = { kind: "whole", bytes: end + 2 } as const;
  if (family === "UNKNOWN") return { ...whole, peer: undefined };
  const isAddress = family === "TCP4" ? isIPv4 : family === "TCP6" ? isPlainIPv6 : undefined;
  if (isAddress === undefined) return malformed("an unknown family");
  const port = portOf(sourcePort);
  const sound = isAddress(source) && isAddress(target) && portOf(targetPort) !== undefined && rest.length === 0;
  if (!sound || port === undefined) return malformed("no two addresses with ports");
  return { ...whole, peer: { address: source, port } };
}

/** Without a zone. */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes("%");
}

function portOf(text: string): number | undefined {
  const port = /^(?:0|[1-9][0-9]{0,4})$/.test(text) ? Number(text) : undefined;
  return port === undefined || port > 65_535 ? undefined : port;
}

const LOCAL = 0x20;
const PROXY = 0x21;

/** Families over a stream, and the bytes of their two addresses. Source: section 2.2. */
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [0x11, 12],
  [0x21, 36],
  [0x31, 216],
]);

function readBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < FIXED_BYTES) return INCOMPLETE;
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const end = FIXED_BYTES + bytes.readUInt16BE(14);
  if (command !== LOCAL && command !== PROXY) return malformed("an unknown version or command");
  if (end > BINARY_BYTES) return malformed("too long");
  if (bytes.length < end) return INCOMPLETE;
  const whole = { kind: "whole", bytes: end } as const;
  // What stands in the header of a connection of the balancer's own is to be passed over.
  if (command === LOCAL) return { ...whole, peer: undefined };
  const addressBytes = ADDRESS_BYTES.get(family);
  if (addressBytes === undefined) return malformed("an unknown family");
  const values = FIXED_BYTES + addressBytes;
  if (values > end || !areValues(bytes, values, end)) return malformed("fields beyond its end");
  if (family === 0x11)
    return { ...whole, peer: { address: bytes.subarray(16, 20).join("."), port: bytes.readUInt16BE(24) } };
  if (family === 0x21) return { ...whole, peer: { address: addressAt(bytes, 16), port: bytes.readUInt16BE(48) } };
  return { ...whole, peer: undefined };
}

/** Whether type, length and value follow each other up to the end. An unspecified family has none that could be told. */
function areValues(bytes: Buffer, from: number, end: number): boolean {
  if (from === FIXED_BYTES) return true;
  let at = from;
  while (at + 3 <= end) at += 3 + bytes.readUInt16BE(at + 1);
  return at === end;
}

function addressAt(bytes: Buffer, from: number): string {
  const groups = Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(from + 2 * group).toString(16));
  return new SocketAddress({ family: "ipv6", address: groups.join(":") }).address;
}
