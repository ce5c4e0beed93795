/** The called service continued the trace, but the span it was entered by never arrived. */
import { DESCENDANTS } from "../cause.ts";
import type { EdgeFacts } from "../edge-facts.ts";
import { judgedOf, toldOf } from "../edge-facts.ts";
import type { Finding } from "../finding.ts";
import { calleeOf, isWorthAlarm, shareText, untoldText } from "../finding.ts";

export function detectExportLoss(facts: EdgeFacts): Finding | undefined {
  const count = facts.missing[DESCENDANTS] as number;
  if (!isWorthAlarm(count, judgedOf(facts))) return undefined;
  const of = toldOf(facts);
  const callee = calleeOf(facts);
  return {
    kind: "export-loss",
    to: callee,
    count,
    of,
    confidence: 0.9,
    evidence: [
      `Of ${shareText(count, of, `requests forwarded to ${facts.upstream}`)} other spans of ${callee} are in the right trace, but not the one that the request began.`,
      "The context was continued: this is no break of propagation.",
      ...untoldText(facts),
    ],
    alternatives: [
      `The SERVER span of ${callee} may end much later than the request (streams, long polling) and still come.`,
      `${callee} may not record SERVER spans at all, only what it does inside.`,
    ],
    explanation: `${callee} loses spans on the way out: a full queue, an exporter that gives up, or a process that ends before it flushed.`,
    remedy: {
      text: `Give the batch processor of ${callee} a larger queue, watch its dropped-spans metric, and flush on shutdown.`,
      snippet: `OTEL_BSP_MAX_QUEUE_SIZE=8192
OTEL_BSP_MAX_EXPORT_BATCH_SIZE=1024
OTEL_BSP_SCHEDULE_DELAY=1000`,
      language: "sh",
    },
    causes: [DESCENDANTS],
  };
}
