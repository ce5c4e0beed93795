/** Between us and the called service something puts a span id of its own into traceparent and exports no span for it. */
import { GHOST_PARENT } from "../cause.ts";
import type { EdgeFacts } from "../edge-facts.ts";
import { judgedOf, toldOf } from "../edge-facts.ts";
import type { Finding } from "../finding.ts";
import { calleeOf, isWorthAlarm, shareText, untoldText } from "../finding.ts";

export function detectGhostHop(facts: EdgeFacts): Finding | undefined {
  const count = facts.missing[GHOST_PARENT] as number;
  if (!isWorthAlarm(count, judgedOf(facts))) return undefined;
  const of = toldOf(facts);
  const callee = calleeOf(facts);
  return {
    kind: "ghost-hop",
    to: callee,
    count,
    of,
    confidence: 0.97,
    evidence: [
      `${shareText(count, of, `requests forwarded to ${facts.upstream}`)} were continued by ${callee} in the right trace, but below a parent that is not the span that was forwarded and that nobody exported.`,
      "Each has a parent of its own: a local parent that got lost would be shared by several children.",
      ...untoldText(facts),
    ],
    alternatives: [
      `The hop may export its spans to another collector: then they are only missing here.`,
      `A local parent within ${callee} may have been lost; spans that say their parent is local are not counted.`,
    ],
    explanation: `Something between ${facts.boundary} and ${callee} (sidecar, cloud load balancer, API gateway) rewrites the parent id and never exports the span it names. The trace stays one, but everything behind hangs in the air.`,
    remedy: {
      text: "Switch tracing off on that hop, or give it an exporter to this collector. Istio: disableSpanReporting must not be combined with context propagation. Spans can be repaired without risk: the parent is set to the span that was forwarded, the trace id stays.",
      snippet: `apiVersion: telemetry.istio.io/v1
kind: Telemetry
spec:
  tracing:
    - disableSpanReporting: false # or, to leave traceparent alone: disableContextPropagation: true`,
      language: "yaml",
    },
    causes: [GHOST_PARENT],
  };
}
