/** The `tm=` member of `tracestate`: what one border tells the next about the trace it forwarded. */
import { formatByte, isId, isLowerHex, parseByte } from "./hex.ts";
import { KNOWN_FLAGS } from "./trace-context.ts";
import { MAX_PART, putMemberFirst, shortListWithout } from "./tracestate.ts";

export const OWN_KEY = "tm";

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

const DOT = 0x2e;
/** 60 bits in base64url: what 64 characters for the whole member leave. */
export const SIGNATURE_LENGTH = 10;
/** `hh.hhhhhhhh.ssssssssssssssss.ff` behind the cluster. */
const FIXED_LENGTH = 31;

export function formatOwnMember(member: OwnMember): string {
  const { signature } = member;
  const text = unsignedText(member.cluster, member.hop, member.traceIdHash, member.spanId, member.flags);
  return signature === undefined ? text : text + "." + signature;
}

/** The member without a signature. A template converts each part to a string by a call; a sum of strings does not. */
export function unsignedText(cluster: string, hop: number, traceIdHash: string, spanId: string, flags: number): string {
  return beginningOf(cluster, hop) + traceIdHash + ("." + spanId) + (ENDS[flags & KNOWN_FLAGS] as string);
}

const ENDS: readonly string[] = [".00", ".01", ".02", ".03"];

/** The last one that was asked for: nearly every member of one process begins alike, and each join is an allocation. */
let lastCluster = "";
let lastHop = 0;
let lastBeginning = "";

function beginningOf(cluster: string, hop: number): string {
  if (cluster !== lastCluster || hop !== lastHop) {
    lastBeginning = `1.${cluster}.${formatByte(hop)}.`;
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
  const version = value.charCodeAt(0);
  if (version < 0x31 || version > 0x39 || value.charCodeAt(1) !== DOT) return undefined;
  const clusterEnd = value.indexOf(".", 2);
  const cluster = value.slice(2, clusterEnd);
  if (clusterEnd < 0 || !isClusterName(cluster)) return undefined;
  const at = clusterEnd + 1;
  const end = at + FIXED_LENGTH;
  if (value.length < end || (value.length > end && value.charCodeAt(end) !== DOT)) return undefined;
  const dotted =
    value.charCodeAt(at + 2) === DOT && value.charCodeAt(at + 11) === DOT && value.charCodeAt(at + 28) === DOT;
  const hop = parseByte(value, at);
  const flags = parseByte(value, at + 29);
  const spanId = value.slice(at + 12, at + 28);
  if (!dotted || hop < 1 || flags < 0 || !isLowerHex(value, at + 3, at + 11) || !isId(spanId, 16)) return undefined;
  const traceIdHash = value.slice(at + 3, at + 11);
  return value.length === end
    ? { cluster, hop, traceIdHash, spanId, flags }
    : { cluster, hop, traceIdHash, spanId, flags, signature: signatureAt(value, end + 1) };
}

/** The part behind the flags; a part of another length belongs to a later version. */
function signatureAt(value: string, at: number): string | undefined {
  const end = value.indexOf(".", at);
  const signature = value.slice(at, end < 0 ? value.length : end);
  return signature.length === SIGNATURE_LENGTH ? signature : undefined;
}

const OTHERS = shortListWithout(OWN_KEY);
/** The list that was found to be without ours last: where a member of ours is written, it is written into that. */
let lastOthers = "";

/** Whether a list is plain and has no member of ours. False for a long one, whatever it has. */
export function isOthersAlone(list: string): boolean {
  if (list.length > MAX_PART || !OTHERS.test(list)) return false;
  lastOthers = list;
  return true;
}

/** `putMemberFirst` of ours. */
export function putOwnFirst(tracestate: string, value: string, maxLength: number): string {
  if (tracestate === "" || tracestate !== lastOthers) return putMemberFirst(tracestate, OWN_KEY, value, maxLength);
  return OWN_KEY + "=" + value + ("," + tracestate);
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
