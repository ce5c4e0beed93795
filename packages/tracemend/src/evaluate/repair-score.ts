/** Whether what the diagnosis decided to write into spans is what had really been torn. */
import type { RepairDecision } from "@tracemend/diagnosis";
import type { Truth } from "./truth.ts";

export interface JudgedRepair {
  readonly reason: string;
  readonly confidence: number;
  readonly right: boolean;
}

/** A link or a parent on anything that was not broken is wrong. */
export function judgeRepair(decision: RepairDecision, truth: Truth): JudgedRepair {
  const { reason, confidence } = decision;
  return { reason, confidence, right: isRight(decision, truth) };
}

function isRight(decision: RepairDecision, { cuts }: Truth): boolean {
  const { action, span } = decision;
  if (action === "add-link") {
    const cut = cuts.get(span.spanId);
    return cut?.spanId === decision.to.spanId && cut.traceId === decision.to.traceId;
  }
  if (action === "move-trace") {
    const cut = cuts.get(decision.to.spanId);
    return cut?.spanId === span.spanId && cut.traceId === span.traceId;
  }
  if (action === "set-parent") {
    const cut = cuts.get(decision.to);
    return cut?.spanId === span.spanId && cut.forwardedTraceId === span.traceId;
  }
  const found = [...cuts.values()].find(({ spanId }) => spanId === span.spanId);
  return found?.forwardedTraceId === decision.to;
}
