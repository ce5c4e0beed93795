/** The `tm=` member of `tracestate`: what one border tells the next about the trace it forwarded. */
import { NOT_HEX, formatByte, hexBits, parseByte } from "./hex.ts";
import { KNOWN_FLAGS } from "./trace-context.ts";
import { MAX_PART, otherThanShortWithout } from "./tracestate.ts";

export const OWN_KEY = "tm";
export const KEY = "tm=";

/** The grammar is in this package's README; a version above 1 is read by the parts of version 1. */
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
  /** Proof that a border of ours wrote it: 10 characters of base64url; undefined where the writer signs nothing. */
  readonly signature?: string | undefined;
}

export const DOT = 0x2e;
/** 60 bits in base64url: what 64 characters for the whole member leave. */
export const SIGNATURE_LENGTH = 10;
/** `hh.hhhhhhhh.ssssssssssssssss.ff` behind the cluster. */
export const FIXED_LENGTH = 31;

export function formatOwnMember(member: OwnMember): string {
  const { signature } = member;
  const text = unsignedText(member.cluster, member.hop, member.traceIdHash, member.spanId, member.flags);
  return signature === undefined ? text : text + "." + signature;
}

/** The member without a signature. A template converts each part to a string by a call; a sum of strings does not. */
export function unsignedText(cluster: string, hop: number, traceIdHash: string, spanId: string, flags: number): string {
  return (
    beginningOf(cluster, hop).slice(KEY.length) + traceIdHash + ("." + spanId) + (ENDS[flags & KNOWN_FLAGS] as string)
  );
}

export const ENDS: readonly string[] = [".00", ".01", ".02", ".03"];

/** The last one that was asked for: nearly every member of one process begins alike, and each join is an allocation. */
let lastCluster = "";
let lastHop = 0;
let lastBeginning = "";

/** From the key to the hash. */
export function beginningOf(cluster: string, hop: number): string {
  if (cluster !== lastCluster || hop !== lastHop) {
    lastBeginning = `${KEY}1.${cluster}.${formatByte(hop)}.`;
    lastCluster = cluster;
    lastHop = hop;
  }
  return lastBeginning;
}

/** What a signature is made of: the trace and everything the member says of it. */
export function signedText(traceId: string, member: OwnMember): string {
  return `${traceId}|${formatOwnMember({ ...member, signature: undefined })}`;
}

/** Undefined for anything that does not begin as a member of version 1 does: others' values are never guessed at. */
export function parseOwnMember(value: string): OwnMember | undefined {
  return memberIn(value, 0, value.length);
}

/** The member in a part of a text, read where it stands: the characters of a text cut out of another cost more to reach. */
export function memberIn(text: string, start: number, end: number): OwnMember | undefined {
  const version = text.charCodeAt(start);
  if (version < 0x31 || version > 0x39 || text.charCodeAt(start + 1) !== DOT) return undefined;
  const clusterEnd = text.indexOf(".", start + 2);
  const at = clusterEnd + 1;
  const fixedEnd = at + FIXED_LENGTH;
  if (at === 0 || fixedEnd > end || (fixedEnd < end && text.charCodeAt(fixedEnd) !== DOT)) return undefined;
  if (!isClusterIn(text, start + 2, clusterEnd)) return undefined;
  if (text.charCodeAt(at + 2) !== DOT || text.charCodeAt(at + 11) !== DOT || text.charCodeAt(at + 28) !== DOT)
    return undefined;
  const hop = parseByte(text, at);
  const flags = parseByte(text, at + 29);
  const span = hexBits(text, at + 12, at + 28);
  if (hop < 1 || flags < 0 || span === 0 || ((span | hexBits(text, at + 3, at + 11)) & NOT_HEX) !== 0) return undefined;
  const cluster = text.slice(start + 2, clusterEnd);
  const traceIdHash = text.slice(at + 3, at + 11);
  const spanId = text.slice(at + 12, at + 28);
  return fixedEnd === end
    ? { cluster, hop, traceIdHash, spanId, flags }
    : { cluster, hop, traceIdHash, spanId, flags, signature: signatureIn(text, fixedEnd + 1, end) };
}

/** The part behind the flags; a part of another length belongs to a later version. */
function signatureIn(text: string, at: number, end: number): string | undefined {
  const dot = text.slice(at, end).indexOf(".");
  const length = dot < 0 ? end - at : dot;
  return length === SIGNATURE_LENGTH ? text.slice(at, at + length) : undefined;
}

const UNUSUAL = otherThanShortWithout(OWN_KEY);

/** Whether a list is plain and has no member of ours. False for a long one, whatever it has. */
export function isOthersAlone(list: string): boolean {
  return list.length <= MAX_PART && !UNUSUAL.test(list);
}

/** 1 to 16 of `a-z 0-9 -`: what fits the member and needs no escape in a header. */
export function isClusterName(name: string): boolean {
  return isClusterIn(name, 0, name.length);
}

export function isClusterIn(text: string, start: number, end: number): boolean {
  if (end <= start || end - start > 16) return false;
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    const plain = (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2d;
    if (!plain) return false;
  }
  return true;
}
