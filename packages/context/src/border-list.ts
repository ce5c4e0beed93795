/** The `tracestate` list as a border of ours that signs nothing leaves it: its member first, then those of others. */
import { parseByte } from "./hex.ts";
import { DOT, ENDS, FIXED_LENGTH, KEY, beginningOf, isClusterIn } from "./own-member.ts";
import { KNOWN_FLAGS } from "./trace-context.ts";

export interface BorderList {
  /** Of its member. */
  readonly hop: number;
  /** `""` where there are none. */
  readonly others: string;
}

/** Beside a `traceparent` of this hash and parent; undefined for any other list. What is in `others` is not looked at. */
export function parseBorderList(list: string, traceIdHash: string, parentId: string): BorderList | undefined {
  const dot = list.indexOf(".", CLUSTER_AT);
  const at = dot + 1;
  const end = at + FIXED_LENGTH;
  const isOurs =
    list.startsWith(BEGINNING) &&
    isClusterIn(list, CLUSTER_AT, dot) &&
    list.startsWith(parentId, at + 12) &&
    list.startsWith(traceIdHash, at + 3) &&
    isDot(list, at + 2) &&
    isDot(list, at + 11) &&
    isDot(list, at + 28);
  const hop = parseByte(list, at);
  if (!isOurs || hop < 1 || parseByte(list, at + 29) < 0) return undefined;
  if (list.length === end) return { hop, others: "" };
  return list.charCodeAt(end) === COMMA && list.length > end + 1 ? { hop, others: list.slice(end + 1) } : undefined;
}

const BEGINNING = `${KEY}1.`;
const CLUSTER_AT = BEGINNING.length;
const COMMA = 0x2c;

function isDot(list: string, at: number): boolean {
  return list.charCodeAt(at) === DOT;
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
