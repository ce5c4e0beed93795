/** Something between us and the called service took the context away: its root came over another connection than ours. */
import { SAME_REQUEST_OTHER_PEER } from "../cause.ts";
import type { EdgeFacts } from "../edge-facts.ts";
import { judgedOf, toldOf } from "../edge-facts.ts";
import type { Finding } from "../finding.ts";
import { calleeOf, isWorthAlarm, shareText, untoldText } from "../finding.ts";
import { letThrough } from "../remedies/gateway-headers.ts";

export function detectDroppedBeforeCallee(facts: EdgeFacts): Finding | undefined {
  const count = facts.missing[SAME_REQUEST_OTHER_PEER] as number;
  if (!isWorthAlarm(count, judgedOf(facts))) return undefined;
  const of = toldOf(facts);
  const callee = calleeOf(facts);
  return {
    kind: "dropped-before-callee",
    to: callee,
    count,
    of,
    confidence: 0.9,
    evidence: [
      `${shareText(count, of, `requests forwarded to ${facts.upstream}`)} are a root span of ${callee} with the same request id, whose peer called from another port than ours.`,
      "So another hop made the call that the service saw, and the request id came through it while traceparent did not.",
      ...untoldText(facts),
    ],
    alternatives: [
      `${callee} itself may not read the context, behind a hop that passes it on: look at the headers it gets.`,
      "Address translation between us and the service changes the port without touching headers.",
    ],
    explanation: `A sidecar, ingress or gateway between ${facts.boundary} and ${callee} ends our connection and makes its own call without the traceparent it was given.`,
    remedy: letThrough("Let that hop pass traceparent and tracestate on.", facts.gateway),
    causes: [SAME_REQUEST_OTHER_PEER],
  };
}
