/** What may be written into spans to join what a break has torn, the safest thing that suffices; decided, not done. */
import type { Repair } from "@tracemend/context";
import {
  ANSWERED_ELSEWHERE,
  GHOST_PARENT,
  SAME_CONNECTION,
  SAME_REQUEST,
  SAME_REQUEST_OTHER_PEER,
  SAME_TIME,
  TRUNCATED,
} from "./cause.ts";

export interface SpanRef {
  readonly traceId: string;
  readonly spanId: string;
}

/**
 * `set-parent`: the span keeps its trace, its parent becomes the span that was forwarded. `restore-trace-id`: all spans of
 * the span's trace get the whole id of the trace that was forwarded. `add-link`: our own span gets a link to the root
 * behind it, so that nothing anyone else exported is touched. `move-trace`: all spans of the root's trace go into the
 * trace that was forwarded, the root below `to`. Original ids are to be kept as attributes.
 */
export type RepairDecision =
  | (Decided & { readonly action: "set-parent"; readonly span: SpanRef; readonly from: string; readonly to: string })
  | (Decided & { readonly action: "restore-trace-id"; readonly span: SpanRef; readonly to: string })
  | (Decided & { readonly action: "add-link"; readonly span: SpanRef; readonly to: SpanRef })
  | (Decided & { readonly action: "move-trace"; readonly span: SpanRef; readonly to: SpanRef });

interface Decided {
  readonly reason: RepairReason;
  readonly confidence: number;
  /** When the request that broke was forwarded, epoch milliseconds. */
  readonly atMs: number;
  /** Decided as if repairs were on, to be shown and not applied. */
  readonly dryRun: boolean;
}

type RepairReason =
  | "answer"
  | "ghost-parent"
  | "truncated-trace-id"
  | "same-request-id"
  | "same-connection"
  | "same-time";

export interface RepairFacts {
  /** A `Cause` of a missing child. */
  readonly cause: number;
  /** The span that was forwarded as parent, and whether it is one of our own. */
  readonly forwarded: SpanRef;
  readonly ownParent: boolean;
  /** Epoch milliseconds. */
  readonly forwardedMs: number;
  /** The root that was joined with the request. */
  readonly orphan: SpanRef | undefined;
  /** The span that entered the trace below another parent or under half its id, and that parent. */
  readonly misplaced: (SpanRef & { readonly parentId: string }) | undefined;
  /**
   * No request of the other trace has crossed a boundary here. One that has took the trace's id along, and what is
   * exported elsewhere under it would be split off by writing another id here.
   */
  readonly closed: boolean;
  /** Whether the edge is surely broken: a single request that fits by chance is no reason to write anything. */
  readonly broken: boolean;
  /** Of the join. */
  readonly confidence: number;
}

/** How far repair may go: what keeps every trace id, and what moves whole traces. */
export interface RepairScope {
  readonly repair: Repair;
  readonly moveTraces: Repair;
}

/** A pair that is told on the page is not yet sure enough to be written: one wrong link in a hundred is harm. */
const SURE = 0.99;

/** Undefined where nothing may be written: no join, no span of ours to write on, or a join that is not sure enough. */
export function decideRepair(facts: RepairFacts, scope: RepairScope): RepairDecision | undefined {
  const { forwarded, misplaced, confidence, forwardedMs: atMs } = facts;
  const dryRun = scope.repair === "report";
  switch (facts.cause) {
    case GHOST_PARENT:
      if (misplaced === undefined || scope.repair === "off") return undefined;
      return {
        action: "set-parent",
        reason: "ghost-parent",
        span: { traceId: misplaced.traceId, spanId: misplaced.spanId },
        from: misplaced.parentId,
        to: forwarded.spanId,
        confidence,
        atMs,
        dryRun,
      };
    case TRUNCATED:
      if (misplaced === undefined || !facts.closed || scope.repair === "off") return undefined;
      return {
        action: "restore-trace-id",
        reason: "truncated-trace-id",
        span: { traceId: misplaced.traceId, spanId: misplaced.spanId },
        to: forwarded.traceId,
        confidence,
        atMs,
        dryRun,
      };
    case ANSWERED_ELSEWHERE:
      return joinRoot(facts, "answer", scope);
    case SAME_REQUEST:
    case SAME_REQUEST_OTHER_PEER:
      return joinRoot(facts, "same-request-id", scope);
    case SAME_CONNECTION:
      return joinRoot(facts, "same-connection", scope);
    case SAME_TIME:
      // Agreement in time is no identity: enough for a link, not for giving spans another trace.
      return joinRoot(facts, "same-time", { ...scope, moveTraces: "off" });
    default:
      return undefined;
  }
}

function joinRoot(
  { ownParent, forwarded, forwardedMs: atMs, orphan, broken, closed, confidence }: RepairFacts,
  reason: RepairReason,
  { repair, moveTraces }: RepairScope,
): RepairDecision | undefined {
  if (orphan === undefined || !broken || confidence < SURE) return undefined;
  if (moveTraces !== "off" && closed) {
    const dryRun = moveTraces === "report";
    return { action: "move-trace", reason, span: orphan, to: forwarded, confidence, atMs, dryRun };
  }
  if (repair === "off" || !ownParent) return undefined;
  return { action: "add-link", reason, span: forwarded, to: orphan, confidence, atMs, dryRun: repair === "report" };
}
