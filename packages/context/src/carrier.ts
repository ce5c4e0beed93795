/** The extra carrier: a second copy of the context in a header that a stripping hop lets through. */
import { fromBase64Url, toBase64Url } from "./base64url.ts";
import { formatByte, isId, parseByte } from "./hex.ts";
import { isClusterName } from "./own-member.ts";
import type { TraceContext } from "./trace-context.ts";
import { KNOWN_FLAGS } from "./trace-context.ts";
import { readTracestate } from "./tracestate.ts";

export const CARRIER_FIELD = "x-tracemend-context";

/** What a carrier held. */
export interface Carried {
  readonly context: TraceContext;
  /** The cluster whose border wrote it. */
  readonly cluster: string;
  /** What the field held before a border wrote the carrier into it; undefined where it was absent. */
  readonly original: string | undefined;
}

/** Longest carrier that is sent: gateways commonly cap a request id well below their limit for a header line. */
export const MAX_CARRIER_LENGTH = 512;

const PREFIX = "tm1.";

/**
 * `tm1.<trace id>.<parent id>.<flags>.<cluster>[.o<original>][.s<tracestate>]`, the last two in base64url; parts that a
 * reader does not know are passed over. Undefined where the caller's own value would no longer fit: losing that would
 * be a worse damage than the one this repairs. A tracestate that does not fit is left out.
 */
export function formatCarrier(carried: Carried): string | undefined {
  const { context, cluster, original } = carried;
  const flags = formatByte(context.flags & KNOWN_FLAGS);
  let value = `${PREFIX}${context.traceId}.${context.parentId}.${flags}.${cluster}`;
  if (original !== undefined) {
    if (!isFieldContent(original)) return undefined;
    value += `.o${toBase64Url(original)}`;
  }
  if (value.length > MAX_CARRIER_LENGTH) return undefined;
  if (context.tracestate === "") return value;
  const whole = `${value}.s${toBase64Url(context.tracestate)}`;
  return whole.length > MAX_CARRIER_LENGTH ? value : whole;
}

/** Undefined for a value that is not a carrier: then it is the caller's own and stays as it is. */
export function parseCarrier(value: string): Carried | undefined {
  if (!value.startsWith(PREFIX) || value.length > MAX_CARRIER_LENGTH) return undefined;
  const [traceId = "", parentId = "", flags = "", cluster = "", ...rest] = value.slice(PREFIX.length).split(".");
  if (!isId(traceId, 32) || !isId(parentId, 16) || !isClusterName(cluster)) return undefined;
  const byte = flags.length === 2 ? parseByte(flags, 0) : -1;
  if (byte < 0) return undefined;
  const tracestate = readTracestate([partOf(rest, "s") ?? ""]).list;
  return { context: { traceId, parentId, flags: byte, tracestate }, cluster, original: partOf(rest, "o") };
}

function partOf(parts: readonly string[], letter: string): string | undefined {
  const part = parts.find((text) => text.startsWith(letter));
  const text = part === undefined ? undefined : fromBase64Url(part.slice(1));
  return text === undefined || !isFieldContent(text) ? undefined : text;
}

/**
 * A carrier comes from outside: what it held goes into a header, where a line break would start another. Source: RFC
 * 9110, section 5.5.
 */
function isFieldContent(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) return false;
  }
  return true;
}
