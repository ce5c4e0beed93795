/** Third phase: reads and judges the trace context. The only call into the decision. */
import type { Arrival, OwnSpans } from "@tracemend/context";
import { applyEdits, cross as crossBoundary } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import { endToEnd } from "../hop-by-hop.ts";
import type { SpanGrant } from "../spans.ts";
import { tryGrant, tryRelease } from "../spans.ts";

export function cross(exchange: Exchange): undefined {
  const { boundary, spans } = exchange.site;
  const { lines } = exchange.caller.head;
  let grant: SpanGrant | undefined;
  const granted = (): OwnSpans | undefined => {
    grant = tryGrant(spans);
    return grant?.spans;
  };
  const passage = crossBoundary(boundary, lines, granted, arrivalOf(exchange));
  if (grant !== undefined && passage.spans === undefined) tryRelease(grant);
  else exchange.grant = grant;
  exchange.passage = passage;
  exchange.lines = applyEdits(endToEnd(lines, boundary.policy.carrier?.field), passage.verdict.edits);
}

/** What the boundary's policy may ask of a request besides its lines. The list of lines is never cut: bytes are bounded. */
export function arrivalOf({ site, caller, service }: Exchange): Arrival {
  return { listener: site.boundary.name, address: caller.peer?.address, upstream: service?.target.name };
}
