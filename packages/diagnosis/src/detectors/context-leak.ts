/** The called service keeps a context after its request has ended and puts later work below it. */
import { LATE_WORK } from "../cause.ts";
import type { EdgeFacts } from "../edge-facts.ts";
import type { Finding } from "../finding.ts";
import { calleeOf, isWorthAlarm } from "../finding.ts";

/** One late child may be a retry of a mesh or a clock that jumped. */
const ENOUGH = 3;

export function detectContextLeak(facts: EdgeFacts): Finding | undefined {
  const count = facts.leaked;
  const of = Math.max(count, facts.answered);
  if (count < ENOUGH || !isWorthAlarm(count, of)) return undefined;
  const callee = calleeOf(facts);
  return {
    kind: "context-leak",
    to: callee,
    count,
    of,
    confidence: 0.8,
    evidence: [
      `${count} SERVER spans of ${callee} began more than five seconds after the request that is their parent had ended; ${Math.max(0, facts.answered - count)} requests were answered in time.`,
      `Its clock is not ahead by as much: no span of it arrived that long before its end.`,
    ],
    alternatives: ["A queue between us and the service may hold requests back."],
    explanation: `${callee} carries the context of one request into another: a thread, connection or timer that keeps what it should give back. Unrelated work lands in one trace.`,
    remedy: {
      text: `Look in ${callee} for work that outlives its request: context set by hand and not detached, objects shared between requests, timers begun inside a request.`,
      snippet: `import { ROOT_CONTEXT, context } from "@opentelemetry/api";

context.with(ROOT_CONTEXT, () => startBackgroundWork());`,
      language: "ts",
    },
    causes: [LATE_WORK],
  };
}
