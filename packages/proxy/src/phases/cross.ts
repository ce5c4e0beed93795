/** Third phase: reads and judges the trace context. The only call into the decision. */
import type { Arrival, Passage } from "@tracemend/context";
import { applyEdits, cross as crossBoundary, judge } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import { forwardingEdits } from "../forwarding.ts";
import { endToEnd } from "../hop-by-hop.ts";
import { tryGrant, tryRelease } from "../spans.ts";

export function cross(exchange: Exchange): undefined {
  const { site, caller } = exchange;
  const grant = () => (exchange.grant = tryGrant(site.spans))?.spans;
  try {
    leaveBy(exchange, crossBoundary(site.boundary, caller.head.lines, grant, arrivalOf(exchange)));
  } catch (error) {
    if (exchange.grant !== undefined) tryRelease(exchange.grant);
    exchange.grant = undefined;
    throw error;
  }
}

/** The same request under another CLIENT span of ours, whose export is granted. */
export function crossAgain(exchange: Exchange, crossed: Passage, clientSpanId: string): void {
  const { reading, policy, ruling } = crossed;
  if (crossed.spans === undefined) return;
  const spans = { ...crossed.spans, clientSpanId };
  const verdict = judge(reading, policy, exchange.site.boundary.cluster, spans, ruling);
  leaveBy(exchange, { ...crossed, verdict, spans });
}

function leaveBy(exchange: Exchange, crossed: Passage): void {
  const { site, caller, authority } = exchange;
  const { lines, scheme, version } = caller.head;
  const kept = endToEnd(lines, site.boundary.policy.carrier?.field);
  const judged = applyEdits(kept, crossed.verdict.edits);
  exchange.crossed = crossed;
  if (site.forwarding === undefined) exchange.lines = judged;
  else {
    const hop = { address: caller.peer?.address, scheme, authority, version };
    exchange.lines = applyEdits(judged, forwardingEdits(site.forwarding, lines, hop));
  }
}

/** What the boundary's policy may ask of a request besides its lines. The list of lines is never cut: bytes are bounded. */
export function arrivalOf({ site, caller, service }: Exchange): Arrival {
  const { peer, identities } = caller;
  return { listener: site.boundary.name, address: peer?.address, identities, upstream: service?.name };
}
