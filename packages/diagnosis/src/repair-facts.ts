/** Gathers from the books what a decision on repair needs. */
import type { Books } from "./books.ts";
import { OWN_PARENT_BIT } from "./crossing-store.ts";
import type { Edge } from "./edge.ts";
import { factsOf, judgedOf, missingOf } from "./edge-facts.ts";
import { isWorthAlarm } from "./finding.ts";
import { KEY_WORDS, formatWords, readTraceId } from "./id-words.ts";
import type { Join } from "./join.ts";
import type { RepairFacts, SpanRef } from "./repair.ts";

const key = new Uint32Array(KEY_WORDS);

export function repairFactsOf(books: Books, record: number, edge: Edge, join: Join, nowMs: number): RepairFacts {
  const { crossings, orphans } = books;
  const { cause, orphan, span } = join;
  const slot = crossings.ring.slot(record);
  const facts = factsOf(edge, nowMs);
  return {
    cause,
    forwarded: { traceId: crossings.traceId(record), spanId: crossings.spanId(record) },
    ownParent: (crossings.bits(slot) & OWN_PARENT_BIT) !== 0,
    forwardedMs: crossings.startMs(slot),
    orphan: orphan === 0 ? undefined : { traceId: orphans.traceId(orphan), spanId: orphans.spanId(orphan) },
    closed: isClosed(books, orphan, span),
    misplaced: span === 0 ? undefined : misplacedOf(books, span),
    broken: isWorthAlarm(missingOf(facts), judgedOf(facts)),
    confidence: join.confidence,
  };
}

function isClosed({ crossings, orphans, spans }: Books, orphan: number, span: number): boolean {
  if (orphan !== 0) readTraceId(orphans.traceId(orphan), key);
  else if (span !== 0) spans.readKey(span, key);
  else return true;
  return crossings.findTrace(key) === 0;
}

function misplacedOf({ spans }: Books, span: number): SpanRef & { readonly parentId: string } {
  spans.readKey(span, key);
  return { traceId: formatWords(key, 0, 4), spanId: spans.spanId(span), parentId: formatWords(key, 4, 2) };
}
