/** What may be written into spans to join what a break has torn, the safest thing that suffices; decided, not done. */
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
 * `set-parent`: the span keeps its trace, its parent becomes the span that was forwarded. `restore-trace-id`: the span
 * gets the whole id of the trace that was forwarded. `add-link`: our own span gets a link to the root behind it, so that
 * nothing anyone else exported is touched. Original ids are to be kept as attributes.
 */
export type RepairDecision =
  | (Decided & { readonly action: "set-parent"; readonly span: SpanRef; readonly from: string; readonly to: string })
  | (Decided & { readonly action: "restore-trace-id"; readonly span: SpanRef; readonly to: string })
  | (Decided & { readonly action: "add-link"; readonly span: SpanRef; readonly to: SpanRef });

interface Decided {
  readonly reason:
    | "answer"
    | "ghost-parent"
    | "truncated-trace-id"
    | "same-request-id"
    | "same-connection"
    | "same-time";
  readonly confidence: number;
  /** When the request that broke was forwarded, epoch milliseconds. */
  readonly atMs: number;
  /** Decided as if repairs were on, to be shown and not applied. */
  readonly dryRun: boolean;
}

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
  /** Whether the edge is surely broken: a single request that fits by chance is no reason to write anything. */
  readonly broken: boolean;
  /** Of the join. */
  readonly confidence: number;
}

/** A pair that is told on the page is not yet sure enough to be written: one wrong link in a hundred is harm. */
const SURE = 0.99;

function isSure({ broken, confidence }: RepairFacts): boolean {
  return broken && confidence >= SURE;
}

/** Undefined where nothing may be written: no join, no span of ours to write on, or a join that is not sure enough. */
export function decideRepair(facts: RepairFacts, dryRun: boolean): RepairDecision | undefined {
  const { forwarded, misplaced } = facts;
  switch (facts.cause) {
    case GHOST_PARENT:
      if (misplaced === undefined) return undefined;
      return {
        action: "set-parent",
        reason: "ghost-parent",
        span: { traceId: misplaced.traceId, spanId: misplaced.spanId },
        from: misplaced.parentId,
        to: forwarded.spanId,
        confidence: facts.confidence,
        atMs: facts.forwardedMs,
        dryRun,
      };
    case TRUNCATED:
      if (misplaced === undefined) return undefined;
      return {
        action: "restore-trace-id",
        reason: "truncated-trace-id",
        span: { traceId: misplaced.traceId, spanId: misplaced.spanId },
        to: forwarded.traceId,
        confidence: facts.confidence,
        atMs: facts.forwardedMs,
        dryRun,
      };
    case ANSWERED_ELSEWHERE:
      return isSure(facts) ? linkTo(facts, "answer", dryRun) : undefined;
    case SAME_REQUEST:
    case SAME_REQUEST_OTHER_PEER:
      return isSure(facts) ? linkTo(facts, "same-request-id", dryRun) : undefined;
    case SAME_CONNECTION:
      return isSure(facts) ? linkTo(facts, "same-connection", dryRun) : undefined;
    case SAME_TIME:
      return isSure(facts) ? linkTo(facts, "same-time", dryRun) : undefined;
    default:
      return undefined;
  }
}

function linkTo(
  { ownParent, forwarded, forwardedMs, orphan, confidence }: RepairFacts,
  reason: Decided["reason"],
  dryRun: boolean,
): RepairDecision | undefined {
  if (!ownParent || orphan === undefined) return undefined;
  return { action: "add-link", reason, span: forwarded, to: orphan, confidence, atMs: forwardedMs, dryRun };
}
