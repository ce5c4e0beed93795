/** What the diagnosis knows at one moment: breaks, edges, services and how full the books are. */
import type { Arrival } from "./arrival.ts";
import { ARRIVAL_BYTES, FACT_BYTES } from "./arrival.ts";
import type { Books, Totals } from "./books.ts";
import type { Break, BreakExample, BreakKind } from "./break.ts";
import { CAUSES, SAME_CONNECTION } from "./cause.ts";
import type { Edge } from "./edge.ts";
import { EDGE_BYTES } from "./edge.ts";
import { EDGE_DETECTORS } from "./edge-detectors.ts";
import type { EdgeFacts } from "./edge-facts.ts";
import { factsOf, judgedOf, missingOf } from "./edge-facts.ts";
import { explainSigns } from "./explain-signs.ts";
import { scopeText } from "./facets.ts";
import type { Finding } from "./finding.ts";
import type { RuleState } from "./instrumentation.ts";
import { instrumentationOf, unnamedState } from "./instrumentation.ts";
import { PARENT_CHECKS_BYTES } from "./parent-checks.ts";
import type { ServiceActivity } from "./service.ts";
import { INSTANCE_BYTES, LEGITIMATE_ROOTS, ORPHANS, SERVICE_BYTES, activityOf } from "./service.ts";
import { suspectsOf } from "./suspects.ts";
import { SIGN_MEANINGS } from "./sign-meanings.ts";

export interface DiagnosisReport {
  /** The surest and most frequent first. */
  readonly breaks: readonly Break[];
  readonly edges: readonly EdgeState[];
  readonly services: readonly ServiceState[];
  /** Rules of the Instrumentation Score, by service: no breaks, and not to be counted with them. */
  readonly instrumentation: readonly RuleState[];
  readonly ledger: LedgerState;
  readonly sinceMs: number;
}

/**
 * `intact`: answered as owed. `broken`: a break is reported. `unexplained`: children are missing and nothing says why:
 * sampled out or not recorded, mostly. `unobserved`: the service exports nothing that could answer. `insufficient-data`:
 * too little was seen, or requests or roots were forgotten for want of room.
 */
export type EdgeVerdict = "intact" | "broken" | "unexplained" | "unobserved" | "insufficient-data";

export interface EdgeState {
  /** The boundary, or the service whose CLIENT spans tell of the calls. */
  readonly boundary: string;
  /** "" for a service. */
  readonly cluster: string;
  readonly upstream: string;
  readonly services: readonly string[];
  readonly verdict: EdgeVerdict;
  /** Requests in the window that are owed a span: answered + missing + notObserved + forgotten + those that wait. */
  readonly forwarded: number;
  readonly answered: number;
  readonly missing: number;
  readonly notObserved: number;
  readonly forgotten: number;
  readonly waiting: number;
  /** Requests in the window that are owed nothing: not sampled, probes, or failed on the way. */
  readonly notExpected: number;
}

export interface ServiceState {
  readonly name: string;
  readonly state: ServiceActivity;
  readonly instances: number;
  readonly spans: number;
  /** Root SERVER spans in the window that nothing explains, and those that a rule does. */
  readonly orphans: number;
  readonly legitimateRoots: number;
  readonly lastArrivalMs: number;
}

export interface LedgerState extends Readonly<Totals> {
  /** Records held now. */
  readonly records: number;
  readonly bytes: number;
  readonly capacityBytes: number;
  /** What the tables of edges, neighbours, services and instances take beside that, roughly; bounded by their sizes. */
  readonly tableBytes: number;
  /** Crossings and spans that were not, or not well, taken in because a table was full. */
  readonly overflowed: number;
}

/** What is worth telling of an edge whose traces are whole all the same. */
const WHOLE: ReadonlySet<BreakKind> = new Set(["clock-skew", "recorded-unsampled"]);

/** Fewer judged requests than this say nothing about an edge that looks intact. */
const ENOUGH = 5;

export function createReport(books: Books, nowMs: number): DiagnosisReport {
  const breaks: Break[] = [];
  for (const arrival of books.arrivals.all()) collectSigns(breaks, books, arrival, nowMs);
  const edges = books.edges.all().map((edge) => {
    const facts = factsOf(edge, nowMs);
    const findings = EDGE_DETECTORS.map((detect) => detect(facts)).filter((finding) => finding !== undefined);
    for (const finding of findings) breaks.push(breakOf(edge, facts, finding));
    return stateOf(
      facts,
      findings.some(({ kind }) => !WHOLE.has(kind)),
    );
  });
  return {
    breaks: breaks.sort((a, b) => b.confidence * b.count - a.confidence * a.count),
    edges,
    services: servicesOf(books, nowMs),
    instrumentation: [
      ...books.services.all().flatMap((service) => instrumentationOf(service, nowMs)),
      ...unnamedState(books.totals.unnamedSpans),
    ],
    ledger: ledgerOf(books),
    sinceMs: books.sinceMs,
  };
}

function collectSigns(breaks: Break[], books: Books, arrival: Arrival, nowMs: number): void {
  for (const signs of arrival.signs.values()) {
    const meaning = SIGN_MEANINGS[signs.kind];
    const found = meaning && explainSigns(arrival, signs, meaning, books.settings.gateways, nowMs);
    if (found !== undefined) breaks.push(found);
  }
}

function breakOf(edge: Edge, facts: EdgeFacts, finding: Finding): Break {
  const { kind, to, count, of, confidence, evidence, alternatives, explanation, remedy, causes } = finding;
  const examples: BreakExample[] = [];
  let firstSeenMs = Infinity;
  let lastSeenMs = -Infinity;
  for (const cause of causes) {
    if (edge.firstMs[cause] === 0) continue;
    firstSeenMs = Math.min(firstSeenMs, edge.firstMs[cause] as number);
    lastSeenMs = Math.max(lastSeenMs, edge.lastMs[cause] as number);
    examples.push(...(edge.examples[cause] as BreakExample[]));
  }
  const direct = (facts.missing[SAME_CONNECTION] as number) / count;
  const from = edge.boundary;
  const suspects = suspectsOf({ kind, side: "behind", from, to, known: false, cluster: edge.cluster, direct });
  const scope = causes.some((cause) => cause <= CAUSES) ? edge.facets.scopes() : [];
  return {
    kind,
    edge: { from, to, hop: suspects[0].hop },
    suspects,
    scope,
    firstSeenMs,
    lastSeenMs,
    count,
    of,
    confidence,
    evidence: [...evidence, ...scope.flatMap((each) => scopeText(each) ?? [])],
    alternatives,
    explanation,
    remedy,
    traffic: "open",
    repaired: 0,
    examples,
  };
}

function stateOf(facts: EdgeFacts, broken: boolean): EdgeState {
  const { boundary, cluster, upstream, services, forwarded, answered, notObserved, forgotten, waiting } = facts;
  const missing = missingOf(facts);
  return {
    boundary,
    cluster,
    upstream,
    services,
    verdict: broken ? "broken" : verdictOf(facts, missing),
    forwarded,
    answered,
    missing,
    notObserved,
    forgotten,
    waiting,
    notExpected: facts.notExpected,
  };
}

function verdictOf(facts: EdgeFacts, missing: number): EdgeVerdict {
  const judged = judgedOf(facts);
  if (facts.forgotten > judged) return "insufficient-data";
  if (judged === 0) return facts.notObserved > 0 ? "unobserved" : "insufficient-data";
  if (judged < ENOUGH) return "insufficient-data";
  if (missing / judged <= 0.005) return "intact";
  return facts.forgottenOrphans > missing / 2 ? "insufficient-data" : "unexplained";
}

function servicesOf({ services, edges, settings }: Books, nowMs: number): readonly ServiceState[] {
  const states: ServiceState[] = services.all().map((service) => ({
    name: service.name,
    state: activityOf(service, nowMs, settings),
    instances: service.instances.size,
    spans: service.spans,
    orphans: service.tally.sum(ORPHANS, nowMs),
    legitimateRoots: service.tally.sum(LEGITIMATE_ROOTS, nowMs),
    lastArrivalMs: service.lastArrivalMs,
  }));
  const names = new Set(states.map(({ name }) => name));
  for (const { upstream, services: behind } of edges.all()) {
    const name = settings.upstreamServices.get(upstream) ?? upstream;
    if (behind.length > 0 || names.has(name)) continue;
    names.add(name);
    states.push({ name, state: "unseen", instances: 0, spans: 0, orphans: 0, legitimateRoots: 0, lastArrivalMs: 0 });
  }
  return states;
}

function ledgerOf(books: Books): LedgerState {
  const { totals, crossings, spans, orphans, seen, services, edges, arrivals, bytes } = books;
  const held = [crossings.ring, spans.ring, orphans.ring].map((ring) => ring.newest() - ring.oldest() + 1);
  const records = held.reduce((sum, count) => sum + count, 0);
  const used = [crossings, spans, orphans].reduce(
    (sum, store, at) => sum + (store.bytes * (held[at] as number)) / store.ring.capacity,
    seen.bytes,
  );
  return {
    ...totals,
    records,
    bytes: Math.round(used),
    capacityBytes: bytes,
    tableBytes: tableBytesOf(books),
    overflowed: services.refused() + edges.refused() + arrivals.refused() + seen.overfilled(),
  };
}

function tableBytesOf({ edges, arrivals, services }: Books): number {
  let bytes = PARENT_CHECKS_BYTES + edges.all().length * EDGE_BYTES;
  for (const { instances } of services.all()) bytes += SERVICE_BYTES + instances.size * INSTANCE_BYTES;
  for (const { signs } of arrivals.all()) {
    bytes += ARRIVAL_BYTES;
    for (const { facts } of signs.values()) bytes += facts.size * FACT_BYTES;
  }
  return bytes;
}
