/** Which fields may follow a body: none that says where it ended, where it goes or who sent it. Pure. */
import type { FieldLines } from "@tracemend/context";
import { endToEnd } from "./hop-by-hop.ts";

/**
 * What a reader that merges trailers into the head would believe too late. The trace is decided with the head: a second
 * context behind the body would be one that nobody judged.
 */
const HEAD_ONLY = new Set(
  (
    "content-length host content-type content-encoding content-range trailer authorization proxy-authorization " +
    "proxy-authenticate www-authenticate cookie set-cookie cache-control expect max-forwards pragma range te age vary " +
    "location forwarded x-forwarded-for x-forwarded-host x-forwarded-proto traceparent tracestate baggage"
  ).split(" "),
);

/** The lines that go on; undefined where none do. Source: RFC 9110, section 6.5.1. */
export function toTrailers(lines: FieldLines): FieldLines | undefined {
  const kept: string[] = [];
  const through = endToEnd(lines);
  for (let at = 0; at + 1 < through.length; at += 2) {
    const name = through[at] as string;
    if (!HEAD_ONLY.has(name.toLowerCase())) kept.push(name, through[at + 1] as string);
  }
  return kept.length === 0 ? undefined : kept;
}
