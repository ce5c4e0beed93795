/** Third phase: reads and judges the trace context. The only call into the decision. */
import type { Arrival, Carrier, FieldLines, Passage } from "@tracemend/context";
import { applyEdits, createPassage, cross as crossBoundary, judge } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import { forwardingEdits } from "../forwarding.ts";
import { endToEnd } from "../hop-by-hop.ts";
import { tryGrant, tryRelease } from "../spans.ts";
import { sampleRoot } from "./sample-root.ts";

export function cross(exchange: Exchange): undefined {
  const { site, caller } = exchange;
  const grant = () => (exchange.grant = tryGrant(site.spans))?.spans;
  try {
    const crossed = crossBoundary(site.boundary, caller.head.lines, grant, arrivalOf(exchange));
    leaveBy(exchange, sampleRoot(exchange, crossed));
  } catch (error) {
    if (exchange.grant !== undefined) tryRelease(exchange.grant);
    exchange.grant = undefined;
    throw error;
  }
}

/** The same request under another CLIENT span of ours, whose export is granted. */
export function crossAgain(exchange: Exchange, crossed: Passage, clientSpanId: string): void {
  const { boundary, reading, policy, ruling } = crossed;
  if (crossed.spans === undefined) return;
  const spans = { ...crossed.spans, clientSpanId };
  const verdict = judge(reading, policy, boundary.cluster, spans, ruling);
  const again = createPassage({ boundary, reading, verdict, spans, policy, ruling });
  leaveBy(exchange, sampleRoot(exchange, again));
}

function leaveBy(exchange: Exchange, crossed: Passage): void {
  const kept = leaving(exchange, exchange.site.boundary.policy.carrier);
  exchange.crossed = crossed;
  exchange.lines = forwarded(exchange, applyEdits(kept, crossed.edits));
}

/** The lines that go on, as the route changes them; the boundary's edits come behind. */
export function leaving({ caller, route }: Exchange, carrier: Carrier | undefined): FieldLines {
  const kept = endToEnd(caller.head.lines, carrier?.field);
  return route === undefined ? kept : applyEdits(kept, route.requestEdits);
}

/** The lines with what the next hop is told of this one. */
export function forwarded({ site, caller, authority }: Exchange, judged: FieldLines): FieldLines {
  if (site.forwarding === undefined) return judged;
  const { lines, scheme, version } = caller.head;
  const hop = { address: caller.peer?.address, scheme, authority, version };
  return applyEdits(judged, forwardingEdits(site.forwarding, lines, hop));
}

/** What the boundary's policy may ask of a request besides its lines. The list of lines is never cut: bytes are bounded. */
export function arrivalOf({ site, caller, service }: Exchange): Arrival {
  const { peer, identities } = caller;
  return { listener: site.boundary.name, address: peer?.address, identities, upstream: service?.name };
}
