/** Turns the signs of one kind on one edge before a boundary into a break a person can act on. */
import type { Arrival, Signs } from "./arrival.ts";
import { CAME, OPEN, REPAIRED, REPORTED } from "./arrival.ts";
import type { Break, Remedy, Traffic } from "./break.ts";
import { shareText } from "./finding.ts";
import type { Gateway } from "./remedies/gateway.ts";
import type { Fact } from "./sign.ts";
import { suspectsOf } from "./suspects.ts";

/** What one kind of sign means: words for the page, and how far it can be trusted. */
export interface SignMeaning {
  /** By fact; the strongest that was seen counts. */
  readonly confidence: (fact: Fact) => number;
  readonly evidence: (fact: Fact, count: number, arrival: Arrival, detail: string) => string;
  readonly explanation: (hop: string, arrival: Arrival) => string;
  readonly alternatives: readonly string[];
  readonly remedy: (hop: string, gateway: Gateway | undefined, traffic: Traffic, arrival: Arrival) => Remedy;
}

export function explainSigns(
  arrival: Arrival,
  signs: Signs,
  meaning: SignMeaning,
  gateways: ReadonlyMap<string, Gateway>,
  nowMs: number,
): Break | undefined {
  let open = 0;
  let reported = 0;
  let repaired = 0;
  let confidence = 0;
  const evidence: string[] = [];
  for (const [fact, tally] of signs.facts) {
    const counts = [OPEN, REPORTED, REPAIRED].map((outcome) => tally.sum(outcome, nowMs)) as [number, number, number];
    const count = counts[0] + counts[1] + counts[2];
    if (count === 0) continue;
    open += counts[0];
    reported += counts[1];
    repaired += counts[2];
    confidence = Math.max(confidence, meaning.confidence(fact));
    evidence.push(meaning.evidence(fact, count, arrival, signs.details.get(fact) ?? ""));
  }
  const count = open + reported + repaired;
  if (count === 0) return undefined;
  const of = Math.max(count, arrival.tally.sum(CAME, nowMs));
  const suspects = suspectsOf({
    kind: signs.kind,
    side: "before",
    from: arrival.from,
    to: arrival.boundary,
    known: arrival.known,
    cluster: arrival.cluster,
    direct: 0,
  });
  const { hop } = suspects[0];
  const traffic: Traffic = open > 0 ? "open" : reported > 0 ? "reported" : "repaired";
  evidence.unshift(`${shareText(count, of, `requests from ${nameOf(arrival)} at ${arrival.boundary}`)} show it.`);
  if (arrival.known && arrival.peers.length > 0) {
    evidence.push(`They reached ${arrival.boundary} from ${arrival.peers.join(", ")}: the last hop before us.`);
  }
  return {
    kind: signs.kind,
    edge: { from: arrival.from, to: arrival.boundary, hop },
    suspects,
    scope: [],
    firstSeenMs: signs.firstMs,
    lastSeenMs: signs.lastMs,
    count,
    of,
    confidence,
    evidence,
    alternatives: meaning.alternatives,
    explanation: meaning.explanation(hop, arrival),
    remedy: meaning.remedy(hop, gateways.get(arrival.from), traffic, arrival),
    traffic,
    repaired,
    examples: signs.examples,
  };
}

function nameOf(arrival: Arrival): string {
  return arrival.known ? `cluster ${arrival.from}` : arrival.from;
}
