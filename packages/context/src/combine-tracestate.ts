/** `tracestate` lines put together for a reader that is to judge the members itself. */
import { isPlainList, membersOf } from "./tracestate.ts";

/** The values of all lines as one list in order, without empty members; nothing is checked. */
export function combineTracestate(values: readonly string[]): string {
  if (values.length === 0) return "";
  if (values.length === 1 && isPlainList(values[0] as string)) return values[0] as string;
  return membersOf(values.join(",")).join(",");
}
