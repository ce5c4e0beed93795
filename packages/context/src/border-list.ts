/** The `tracestate` list as a border of ours that signs nothing leaves it: its member first, then those of others. */
import type { OwnMember } from "./own-member.ts";
import { ENDS, FIXED_LENGTH, KEY, beginningOf, memberIn } from "./own-member.ts";
import { KNOWN_FLAGS } from "./trace-context.ts";

export interface BorderList {
  readonly own: OwnMember;
  /** `""` where there are none. */
  readonly others: string;
}

/** Undefined for any other list. What is in `others` is not looked at. */
export function parseBorderList(list: string): BorderList | undefined {
  if (!list.startsWith(KEY)) return undefined;
  const comma = list.indexOf(",");
  const end = comma < 0 ? list.length : comma;
  const own = memberIn(list, KEY.length, end);
  const isWhole = own !== undefined && end === KEY.length + "1..".length + own.cluster.length + FIXED_LENGTH;
  return isWhole && end !== list.length - 1 ? { own, others: list.slice(end + 1) } : undefined;
}

const ENDS_BEFORE: readonly string[] = ENDS.map((end) => end + ",");

/** Of as few pieces as can be: each is an object until the list is read. */
export function formatBorderList(
  cluster: string,
  hop: number,
  traceIdHash: string,
  spanId: string,
  flags: number,
  others: string,
): string {
  const known = flags & KNOWN_FLAGS;
  const most = beginningOf(cluster, hop) + traceIdHash + ("." + spanId);
  return others === "" ? most + (ENDS[known] as string) : most + ((ENDS_BEFORE[known] as string) + others);
}
