/** A CLIENT span is a request that some service forwarded: its answer is owed like that of a crossing. */
import type { SpanView } from "@tracemend/otlp";
import { FoundAttributes, defineAttributeKeys } from "@tracemend/otlp";
import type { Books } from "./books.ts";
import { CROSSING_SCRATCH, EXCUSED, SAMPLED_BIT, WAITING } from "./crossing-store.ts";
import type { CrossingEntry } from "./crossing-store.ts";
import { enterRecord } from "./forwarded.ts";
import { KEY_WORDS } from "./id-words.ts";
import type { Service } from "./service.ts";

const ERROR = 2;

const entry: CrossingEntry = {
  startMs: 0,
  endMs: 0,
  arrivedMs: 0,
  edge: 0,
  arrival: 0,
  localPort: 0,
  path: 0,
  outcome: 0,
  route: 0,
  state: 0,
  bits: SAMPLED_BIT,
};

/**
 * `key` begins with the span's trace id and span id. Passed over: calls whose target is not named, calls to stores, and the
 * CLIENT spans of our own borders, whose crossings are told apart. A call that failed may never have reached anyone.
 */
export function enterClientCall(
  books: Books,
  span: SpanView,
  key: Uint32Array,
  service: Service,
  endMs: number,
  nowMs: number,
): void {
  const forwarded = books.crossings.findSpan(key);
  if (forwarded !== 0) {
    if (isOfBorder(books, forwarded)) service.border = true;
    return;
  }
  const target = targetOf(span);
  if (target === undefined) return;
  const edge = books.edges.open(service.name, "", target);
  if (edge === undefined) return;
  const { scratch } = books.crossings;
  for (let word = 0; word < KEY_WORDS; word += 1) scratch[word] = key[word] as number;
  scratch.fill(0, CROSSING_SCRATCH.requestId);
  entry.startMs = span.startMs();
  entry.endMs = endMs;
  entry.arrivedMs = nowMs;
  entry.edge = edge.id;
  entry.route = edge.routes.keep(undefined);
  entry.state = span.statusCode() === ERROR ? EXCUSED : WAITING;
  enterRecord(books, edge, entry);
}

/** Whether the record is that of a crossing; calls of services belong to no cluster that is known. */
export function isOfBorder({ crossings, edges }: Books, record: number): boolean {
  return edges.at(crossings.edge(crossings.ring.slot(record))).cluster !== "";
}

/** What names a store, and what names the one that is called; the surest first. */
const KEYS = defineAttributeKeys(["db.system.name", "db.system", "peer.service", "server.address", "net.peer.name"]);
const TARGETS_AT = 2;
const found = new FoundAttributes();

function targetOf(span: SpanView): string | undefined {
  span.attributes(KEYS, found);
  for (let at = 0; at < TARGETS_AT; at += 1) if (found.value(at) !== undefined) return undefined;
  for (let at = TARGETS_AT; at < KEYS.count; at += 1) {
    const value = found.value(at);
    if (typeof value === "string") return value;
  }
  return undefined;
}
