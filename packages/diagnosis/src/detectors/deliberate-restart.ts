/** The called service begins a new trace on purpose and links it to the one it was sent. */
import { LINKED } from "../cause.ts";
import type { EdgeFacts } from "../edge-facts.ts";
import { judgedOf, toldOf } from "../edge-facts.ts";
import type { Finding } from "../finding.ts";
import { calleeOf, isWorthAlarm, shareText, untoldText } from "../finding.ts";

export function detectRestart(facts: EdgeFacts): Finding | undefined {
  const count = facts.missing[LINKED] as number;
  if (!isWorthAlarm(count, judgedOf(facts))) return undefined;
  const of = toldOf(facts);
  const callee = calleeOf(facts);
  return {
    kind: "deliberate-restart",
    to: callee,
    count,
    of,
    confidence: 1,
    evidence: [
      `${shareText(count, of, `requests forwarded to ${facts.upstream}`)} are a root span of ${callee} with a link to the context that was forwarded.`,
      ...untoldText(facts),
    ],
    alternatives: ["None: the link names the very span that was forwarded."],
    explanation: `${callee} treats ${facts.boundary} as an outsider: it begins a new trace and links back. That is right at a public edge and costs the trace behind a border of your own.`,
    remedy: {
      text: `Where ${callee} is only called from inside, switch its public endpoint mode off; else leave it, the link joins both traces.`,
      snippet: `otelhttp.NewHandler(mux, "server") // Go: without otelhttp.WithPublicEndpoint()
# Elastic agents: ELASTIC_APM_TRACE_CONTINUATION_STRATEGY=continue
# Datadog: DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT=continue`,
      language: "sh",
    },
    causes: [LINKED],
  };
}
