/** The `tm=` member of `tracestate`: what one border tells the next about the trace it forwarded. */
import { formatByte, hexDigit, isId, isLowerHex } from "./hex.ts";
import type { TraceContext } from "./trace-context.ts";
import { KNOWN_FLAGS } from "./trace-context.ts";

export const OWN_KEY = "tm";

/** Version 1: `1.<cluster>.<hop>.<hash>.<span>.<flags>`; parts that follow belong to later versions and are passed over. */
export interface OwnMember {
  /** The cluster whose border wrote the member: 1 to 16 of `a-z 0-9 -`. */
  readonly cluster: string;
  /** How many tracemend borders the trace has passed, the writer included: 1 to 255. */
  readonly hop: number;
  /** `hashTraceId` of the trace the writer forwarded: 8 lower-case hexadecimal digits. */
  readonly traceIdHash: string;
  /** The last span that a border exported for this trace: 16 lower-case hexadecimal digits. */
  readonly spanId: string;
  /** The flags the writer sent. */
  readonly flags: number;
}

export function formatOwnMember(member: OwnMember): string {
  const { cluster, hop, traceIdHash, spanId, flags } = member;
  return `1.${cluster}.${formatByte(hop)}.${traceIdHash}.${spanId}.${formatByte(flags & KNOWN_FLAGS)}`;
}

/** Undefined for anything that is not a member of version 1: others' values are never guessed at. */
export function parseOwnMember(value: string): OwnMember | undefined {
  const [version, cluster = "", hop = "", traceIdHash = "", spanId = "", flags = ""] = value.split(".", 7);
  if (version !== "1" || !isClusterName(cluster)) return undefined;
  if (hop.length !== 2 || !isLowerHex(hop, 0, 2)) return undefined;
  if (traceIdHash.length !== 8 || !isLowerHex(traceIdHash, 0, 8) || !isId(spanId, 16)) return undefined;
  if (flags.length !== 2 || !isLowerHex(flags, 0, 2)) return undefined;
  return { cluster, hop: parseByte(hop), traceIdHash, spanId, flags: parseByte(flags) };
}

export function ownMemberOf(context: TraceContext, cluster: string, before: OwnMember | undefined): OwnMember {
  return {
    cluster,
    hop: Math.min((before?.hop ?? 0) + 1, 255),
    traceIdHash: hashTraceId(context.traceId),
    spanId: context.parentId,
    flags: context.flags,
  };
}

/** 32-bit FNV-1a over the characters of the id: enough to tell a restarted trace from the one that was sent. */
export function hashTraceId(traceId: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < traceId.length; at += 1) hash = Math.imul(hash ^ traceId.charCodeAt(at), 0x01000193);
  return formatByte(hash >>> 24) + formatByte(hash >>> 16) + formatByte(hash >>> 8) + formatByte(hash);
}

/** 1 to 16 of `a-z 0-9 -`: what fits the member and needs no escape in a header. */
export function isClusterName(name: string): boolean {
  if (name.length === 0 || name.length > 16) return false;
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    const plain = (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2d;
    if (!plain) return false;
  }
  return true;
}

function parseByte(text: string): number {
  return hexDigit(text.charCodeAt(0)) * 16 + hexDigit(text.charCodeAt(1));
}
