/** The called service, or a hop before it, kept only the lower 64 bits of the trace id. */
import { TRUNCATED } from "../cause.ts";
import type { EdgeFacts } from "../edge-facts.ts";
import { judgedOf, toldOf } from "../edge-facts.ts";
import type { Finding } from "../finding.ts";
import { calleeOf, isWorthAlarm, shareText, untoldText } from "../finding.ts";

export function detectTruncated(facts: EdgeFacts): Finding | undefined {
  const count = facts.missing[TRUNCATED] as number;
  if (!isWorthAlarm(count, judgedOf(facts))) return undefined;
  const of = toldOf(facts);
  const callee = calleeOf(facts);
  return {
    kind: "truncated-trace-id",
    to: callee,
    count,
    of,
    confidence: 1,
    evidence: [
      `${shareText(count, of, `requests forwarded to ${facts.upstream}`)} appear in ${callee} under the lower 64 bits of the trace id that was forwarded.`,
      ...untoldText(facts),
    ],
    alternatives: ["None: by chance two trace ids share 64 bits once in 2^64."],
    explanation: `The context is converted to a format with trace ids of 64 bits (B3 single size, Datadog, Jaeger of old) and the upper half is lost: one request is stored as two traces.`,
    remedy: {
      text: `Let ${callee} use 128-bit trace ids and W3C headers.`,
      snippet: `# Jaeger clients
JAEGER_TRACEID_128BIT=true
# Datadog
DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED=true
DD_TRACE_PROPAGATION_STYLE=tracecontext`,
      language: "sh",
    },
    causes: [TRUNCATED],
  };
}
