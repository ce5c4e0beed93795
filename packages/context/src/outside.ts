/** The context of the world outside, remembered in `tracestate` while a trace of our own runs inside. */
import { formatByte, isId, parseByte } from "./hex.ts";
import { OWN_KEY } from "./own-member.ts";
import type { TraceContext } from "./trace-context.ts";
import { KNOWN_FLAGS } from "./trace-context.ts";
import { dropMember, memberValue } from "./tracestate.ts";

/** The grammar is in this package's README. */
export const OUTSIDE_KEY = "tmo";

const LENGTH = 54;

/**
 * The `tracestate` of the trace that begins inside: the outside ids, then the outside members. Section 3.4 allows the
 * members to be kept over a restart where the trace id is put back later.
 */
export function rememberOutside(outside: TraceContext): string {
  const { traceId, parentId, flags } = outside;
  const member = `${OUTSIDE_KEY}=1.${traceId}.${parentId}.${formatByte(flags & KNOWN_FLAGS)}`;
  const members = forgetOutside(dropMember(outside.tracestate, OWN_KEY));
  return members === "" ? member : `${member},${members}`;
}

/** A caller's own `tmo=` must not be taken for ours. */
export function forgetOutside(tracestate: string): string {
  return dropMember(tracestate, OUTSIDE_KEY);
}

/** What was remembered: the ids as they came, and the members right of ours, which nobody inside has touched. */
export function restoreOutside(inside: TraceContext): TraceContext | undefined {
  const value = memberValue(inside.tracestate, OUTSIDE_KEY);
  if (value === undefined || value.length !== LENGTH || !value.startsWith("1.")) return undefined;
  const traceId = value.slice(2, 34);
  const parentId = value.slice(35, 51);
  const flags = parseByte(value, 52);
  const dotted = value.charAt(34) === "." && value.charAt(51) === ".";
  if (!dotted || !isId(traceId, 32) || !isId(parentId, 16) || flags < 0) return undefined;
  const member = `${OUTSIDE_KEY}=${value},`;
  const at = inside.tracestate.indexOf(member);
  return { traceId, parentId, flags, tracestate: at < 0 ? "" : inside.tracestate.slice(at + member.length) };
}
