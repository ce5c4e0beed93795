/** A CLIENT span is a request that some service forwarded: its answer is owed like that of a crossing. */
import type { SpanView } from "@tracemend/otlp";
import type { Books } from "./books.ts";
import { CROSSING_SCRATCH, EXCUSED, SAMPLED_BIT, WAITING } from "./crossing-store.ts";
import type { CrossingEntry } from "./crossing-store.ts";
import { enterRecord } from "./forwarded.ts";
import { KEY_WORDS } from "./id-words.ts";
import { textAttribute } from "./legit-root.ts";
import type { Service } from "./service.ts";

const ERROR = 2;

const entry: CrossingEntry = {
  startMs: 0,
  endMs: 0,
  arrivedMs: 0,
  edge: 0,
  arrival: 0,
  localPort: 0,
  state: 0,
  bits: SAMPLED_BIT,
};

/**
 * `key` is the span's trace id and span id. Passed over: calls whose target is not named, calls to stores, and the
 * CLIENT spans of our own borders, whose crossings are told apart. A call that failed may never have reached anyone.
 */
export function enterClientCall(
  books: Books,
  span: SpanView,
  key: Uint32Array,
  service: Service,
  times: { readonly startMs: number; readonly endMs: number; readonly nowMs: number },
): void {
  const target = targetOf(span);
  if (target === undefined || books.crossings.findSpan(key) !== 0) return;
  const edge = books.edges.open(service.name, "", target);
  if (edge === undefined) return;
  const { scratch } = books.crossings;
  scratch.set(key.subarray(0, KEY_WORDS));
  scratch.fill(0, CROSSING_SCRATCH.requestId);
  entry.startMs = times.startMs;
  entry.endMs = times.endMs;
  entry.arrivedMs = times.nowMs;
  entry.edge = edge.id;
  entry.state = span.statusCode() === ERROR ? EXCUSED : WAITING;
  enterRecord(books, edge, entry);
}

function targetOf(span: SpanView): string | undefined {
  if (span.attribute("db.system.name") !== undefined || span.attribute("db.system") !== undefined) return undefined;
  return (
    textAttribute(span, "peer.service") ?? textAttribute(span, "server.address") ?? textAttribute(span, "net.peer.name")
  );
}
