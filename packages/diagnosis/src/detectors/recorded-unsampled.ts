/** The called service records requests that left unsampled: fragments whose parents nobody has. */
import { UNSAMPLED } from "../cause.ts";
import type { EdgeFacts } from "../edge-facts.ts";
import type { Finding } from "../finding.ts";
import { calleeOf, isWorthAlarm, shareText } from "../finding.ts";

export function detectRecordedUnsampled(facts: EdgeFacts): Finding | undefined {
  const count = facts.unsampledAnswered;
  const of = facts.notExpected;
  if (!isWorthAlarm(count, of)) return undefined;
  const callee = calleeOf(facts);
  return {
    kind: "recorded-unsampled",
    to: callee,
    count,
    of,
    confidence: 0.99,
    evidence: [
      `${shareText(count, of, `requests of ${facts.boundary} that are owed no span`)} were recorded by ${callee} below the unsampled parent.`,
    ],
    alternatives: ["A sampler that keeps errors or slow requests whatever the parent decided does this on purpose."],
    explanation: `The decision not to sample is not followed: ${callee} exports pieces of traces whose beginning was never recorded. They look like broken traces and are not.`,
    remedy: {
      text: `Let ${callee} follow the caller's decision.`,
      snippet: "OTEL_TRACES_SAMPLER=parentbased_traceidratio",
      language: "sh",
    },
    causes: [UNSAMPLED],
  };
}
