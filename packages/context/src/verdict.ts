/** What was decided for one request, and the closed list of reasons for it. */
import type { Edits } from "./edits.ts";
import type { RepairName } from "./policy.ts";
import type { TraceContext } from "./trace-context.ts";

/**
 * `preserve`: the trace that came in goes on. `repair`: the trace that had come in before a hop spoilt it goes on.
 * `restart`: a new trace in place of the one that came in. `start`: a new trace where none came in.
 * `strip`: what came in cannot go on and nothing takes its place.
 */
export type Action = "preserve" | "repair" | "restart" | "start" | "strip";

/** The same word in metric, log, span attribute and page. */
export type Reason =
  | "intact"
  | "no-context"
  | "carrier-restored"
  | "carrier-reported"
  | "case-repaired"
  | "duplicates-repaired"
  | "parent-restored"
  | "format-translated"
  | "format-conflict"
  | "trace-id-adopted"
  | "sampling-denied"
  | "sampling-overridden"
  | "sampling-capped"
  | "invalid-context"
  | "untrusted"
  | "ignored"
  | "outside-restored"
  | "egress-strip"
  | "start-off"
  | "sampled-out"
  | "no-span";

export interface Verdict {
  readonly action: Action;
  readonly reason: Reason;
  /** The context that came in and goes on; undefined where a trace begins here or none leaves. */
  readonly from: TraceContext | undefined;
  /** The context that leaves; undefined where none does. */
  readonly context: TraceContext | undefined;
  /** Whether `context` names our own span as the parent. Then that span must be exported. */
  readonly ownParent: boolean;
  readonly edits: Edits;
  /** Contexts that came in and do not go on: a span of ours links to them. Empty or absent where there are none. */
  readonly links?: readonly TraceContext[] | undefined;
  /** Repairs that were made. */
  readonly repaired?: readonly RepairName[] | undefined;
  /** Repairs that would have been made, were their level `on`. */
  readonly reported?: readonly RepairName[] | undefined;
}
