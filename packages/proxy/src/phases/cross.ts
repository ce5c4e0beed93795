/** Second phase: reads and judges the trace context. The only call into the decision. */
import { applyEdits, cross as crossBoundary } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import { endToEnd } from "../hop-by-hop.ts";
import type { SpanGrant } from "../spans.ts";
import { tryGrant, tryRelease } from "../spans.ts";

export function cross(exchange: Exchange): undefined {
  const { boundary, spans } = exchange.site;
  const { lines } = exchange.caller.head;
  let grant: SpanGrant | undefined;
  const passage = crossBoundary(boundary, lines, () => {
    grant = tryGrant(spans);
    return grant?.spans;
  });
  if (grant !== undefined && passage.spans === undefined) tryRelease(grant);
  else exchange.grant = grant;
  exchange.passage = passage;
  exchange.lines = applyEdits(endToEnd(lines, boundary.policy.carrier?.field), passage.verdict.edits);
}
