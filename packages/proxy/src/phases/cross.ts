/** Third phase: reads and judges the trace context. The only call into the decision. */
import type { Arrival, Carrier, FieldLines, Passage, Policy, Ruling } from "@tracemend/context";
import { applyEdits, judge, read, rulingOf, wantsSpans } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import { forwardingEdits } from "../forwarding.ts";
import { endToEnd } from "../hop-by-hop.ts";
import { tryGrant, tryRelease } from "../spans.ts";

/** A passage that can be judged again for another CLIENT span: by the same ruling, since uses of a signature and forced sampling are counted. */
export interface Crossed extends Passage {
  readonly policy: Policy;
  readonly ruling: Ruling;
}

export function cross(exchange: Exchange): undefined {
  const { boundary, spans: source } = exchange.site;
  const { lines } = exchange.caller.head;
  const arrival = arrivalOf(exchange);
  const { policy: whole } = boundary;
  const policy = (exchange.service && whole.upstreams?.get(exchange.service.name)) ?? whole;
  const reading = read(lines, policy, arrival);
  const ruling = rulingOf(reading, policy, lines, arrival);
  const grant = wantsSpans(reading, policy, ruling) ? tryGrant(source) : undefined;
  try {
    const verdict = judge(reading, policy, boundary.cluster, grant?.spans, ruling);
    leaveBy(exchange, { reading, verdict, spans: grant?.spans, policy, ruling });
  } catch (error) {
    if (grant !== undefined) tryRelease(grant);
    throw error;
  }
  exchange.grant = grant;
}

/** The same request under another CLIENT span of ours, whose export is granted. */
export function crossAgain(exchange: Exchange, crossed: Crossed, clientSpanId: string): void {
  const { reading, policy, ruling } = crossed;
  if (crossed.spans === undefined) return;
  const spans = { ...crossed.spans, clientSpanId };
  const verdict = judge(reading, policy, exchange.site.boundary.cluster, spans, ruling);
  leaveBy(exchange, { ...crossed, verdict, spans });
}

function leaveBy(exchange: Exchange, crossed: Crossed): void {
  const kept = leaving(exchange, exchange.site.boundary.policy.carrier);
  exchange.crossed = crossed;
  exchange.lines = forwarded(exchange, applyEdits(kept, crossed.verdict.edits));
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
