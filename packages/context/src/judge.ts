/** The heart: reading × trust × policy × span granted → action, reason and edits. A table without I/O. */
import type { Arrival } from "./arrival.ts";
import type { FieldLines } from "./field-lines.ts";
import { leaveAlone, leaveNothing, leaveOpen, leaveStripped, leaveWith } from "./leave.ts";
import { restoreOutside } from "./outside.ts";
import { beginAs, continueAs } from "./own-context.ts";
import type { Policy, Ruling, Trust } from "./policy.ts";
import type { Reading } from "./reading.ts";
import { isNoted } from "./reading.ts";
import { NO_REPAIRS, lastExported, repairsOf } from "./repairs.ts";
import type { TraceContext } from "./trace-context.ts";
import { SAMPLED, isSampled } from "./trace-context.ts";
import { limitTracestate } from "./tracestate.ts";
import type { Action, Reason, Verdict } from "./verdict.ts";

/** A pair of spans that was accepted for export before its ids are put on the wire. */
export interface OwnSpans {
  /** The id for a trace that begins here; random in its right-most 7 bytes. */
  readonly traceId: string;
  readonly serverSpanId: string;
  /** The parent that leaves. */
  readonly clientSpanId: string;
}

/** What the trace continues from: the context that came in, the one a repair brought, or nothing. */
export interface Plan {
  readonly action: Action;
  readonly reason: Reason;
  readonly from: TraceContext | undefined;
}

/** What a caller comes to whose context goes on. */
export const BELIEVED: Ruling = { trust: "continue", capped: false };

const RULINGS: Readonly<Record<Trust, Ruling>> = {
  continue: BELIEVED,
  restart: { trust: "restart", capped: false },
  "restart-external": { trust: "restart", capped: false },
  ignore: { trust: "ignore", capped: false },
};

const NO_LINES: FieldLines = [];
const NO_ARRIVAL: Arrival = {};

/** What trust comes to for one head. To be called once for each: uses of a signature and forced sampling are counted. */
export function rulingOf(
  reading: Reading,
  policy: Policy,
  lines: FieldLines = NO_LINES,
  arrival: Arrival = NO_ARRIVAL,
): Ruling {
  return policy.rule === undefined ? RULINGS[policy.trust] : policy.rule(reading, lines, arrival);
}

/** Reading × trust × policy, in order of precedence; the first line that fits decides. */
export function planOf(reading: Reading, policy: Policy, ruling: Ruling): Plan {
  const { repairs } = policy;
  const carried = reading.carried?.context;
  if (ruling.trust !== "continue" && !cameIn(reading)) return begin(reading, policy, "no-context");
  if (ruling.trust === "ignore") return begin(reading, policy, "ignored");
  if (ruling.trust === "restart") return begin(reading, policy, "untrusted");
  if (reading.kind === "valid") return goOn(reading, policy, ruling);
  if (reading.kind === "invalid" && isNoted(reading, "format-conflict"))
    return begin(reading, policy, "format-conflict");
  if (reading.kind === "invalid" && reading.mendable !== undefined && repairs[reading.mendable.repair] === "on") {
    const { repair, contexts } = reading.mendable;
    const from = policy.duplicate === "first" ? contexts[0] : contexts.at(-1);
    return { action: "repair", reason: `${repair}-repaired`, from };
  }
  if (carried !== undefined && repairs.carrier === "on")
    return { action: "repair", reason: "carrier-restored", from: carried };
  if (reading.foreign?.sampling === "deny" && policy.denied === "honour") return leave(reading, "sampling-denied");
  if (reading.foreign?.adopted !== undefined) return begin(reading, policy, "trace-id-adopted");
  if (carried !== undefined && repairs.carrier === "report") return begin(reading, policy, "carrier-reported");
  return begin(reading, policy, reading.kind === "invalid" ? "invalid-context" : "no-context");
}

/** A valid context of a caller that is believed. */
function goOn(reading: Reading & { kind: "valid" }, policy: Policy, ruling: Ruling): Plan {
  const { context } = reading;
  const exported = policy.repairs.parent === "on" ? lastExported(reading) : undefined;
  if (ruling.capped) return { action: "preserve", reason: "sampling-capped", from: unsampled(context) };
  if (exported !== undefined) return { action: "repair", reason: "parent-restored", from: exported };
  if (reading.wire === undefined && reading.foreign !== undefined)
    return { action: "preserve", reason: "format-translated", from: context };
  return { action: "preserve", reason: "intact", from: context };
}

function begin(reading: Reading, policy: Policy, reason: Reason): Plan {
  if (!policy.start) return leave(reading, reading.kind === "absent" ? "start-off" : reason);
  const fresh = reading.kind === "absent" && reason !== "untrusted" && reason !== "ignored";
  return { action: fresh ? "start" : "restart", reason, from: undefined };
}

/** No trace goes on and none begins. */
function leave(reading: Reading, reason: Reason): Plan {
  return { action: reading.kind === "absent" ? "preserve" : "strip", reason, from: undefined };
}

/** Whether a caller that is not believed has sent anything it is not believed in. */
function cameIn(reading: Reading): boolean {
  return reading.kind !== "absent" || reading.foreign?.adopted !== undefined;
}

/** Odd, so that no two parents of a trace become one; the golden ratio's bits. */
const SPREAD = 0x9e3779b97f4a7c15n;

/**
 * Sampling may change only together with the parent id (section 3.4). The new one belongs to no span; nobody behind us
 * records a child of it either.
 */
function unsampled(context: TraceContext): TraceContext {
  const { traceId, parentId } = context;
  const derived = BigInt.asUintN(64, (BigInt(`0x${parentId}`) * SPREAD) ^ BigInt(`0x${traceId.slice(16)}`));
  const id = (derived === 0n ? 1n : derived).toString(16).padStart(16, "0");
  return { ...context, parentId: id, flags: context.flags & ~SAMPLED };
}

/** Whether a pair of spans of our own is worth asking for: only a trace that is recorded is exported. */
export function wantsSpans(reading: Reading, policy: Policy, ruling: Ruling, { action, from }: Plan): boolean {
  if (from === undefined) return action === "start" || action === "restart";
  if (isSampled(from) || isOpen(reading)) return true;
  return policy.denied === "override" && !ruling.capped;
}

/** Whether the caller left the sampling decision to us. */
function isOpen(reading: Reading): reading is Reading & { kind: "valid" } {
  return reading.kind === "valid" && reading.wire === undefined && reading.foreign?.sampling === "defer";
}

/**
 * Decides what leaves. `spans` are given only when they are accepted for export: without them no parent id of ours
 * leaves and no trace begins here, and the context that came in goes on as it came.
 */
export function judge(
  reading: Reading,
  policy: Policy,
  cluster: string,
  spans: OwnSpans | undefined,
  ruling: Ruling = rulingOf(reading, policy),
  plan: Plan = planOf(reading, policy, ruling),
): Verdict {
  const inside = settle(reading, policy, cluster, spans, ruling, plan);
  const outside = policy.outside === "restore" ? outsideOf(reading) : undefined;
  if (!policy.strip && outside === undefined) return inside;
  const edits = policy.strip
    ? leaveStripped(reading, policy, outside)
    : leaveWith(reading, policy, ruling, cluster, outside as TraceContext);
  return outside === undefined
    ? { ...inside, action: "strip", reason: "egress-strip", context: undefined, ownParent: false, edits }
    : { ...inside, action: "restart", reason: "outside-restored", context: outside, ownParent: false, edits };
}

function outsideOf(reading: Reading): TraceContext | undefined {
  return reading.kind === "valid" ? restoreOutside(reading.context) : undefined;
}

/** The verdict before the domain's end has its say. */
function settle(
  reading: Reading,
  policy: Policy,
  cluster: string,
  spans: OwnSpans | undefined,
  ruling: Ruling,
  plan: Plan,
): Verdict {
  const { action, reason, from } = plan;
  const links = linksOf(reading, ruling, action);
  if (from === undefined && (spans === undefined || action === "preserve" || action === "strip")) {
    const unable = action === "start" || action === "restart";
    const { repaired, reported } = repairsMade(reading, policy, ruling, undefined);
    return {
      action: action === "start" || action === "preserve" ? "preserve" : "strip",
      reason: unable ? "no-span" : reason,
      from,
      context: undefined,
      ownParent: false,
      edits: leaveNothing(reading, policy, ruling),
      links,
      repaired,
      reported,
    };
  }
  if (spans === undefined) {
    const asItCame = reading.kind === "valid" && reading.context === from && reading.wire !== undefined;
    const context = asItCame ? reading.context : limited(from as TraceContext, policy);
    const { repaired, reported } = repairsMade(reading, policy, ruling, context);
    const edits = asItCame
      ? leaveAlone(reading, policy, ruling, cluster)
      : isOpen(reading)
        ? leaveOpen(reading, policy, ruling)
        : leaveWith(reading, policy, ruling, cluster, context);
    return { action, reason, from, context, ownParent: false, edits, links, repaired, reported };
  }
  const context =
    from === undefined
      ? beginAs(spans, adoptedOf(reading, reason), rememberedOf(reading, policy, action), policy, cluster)
      : continueAs(spans, from, reading, policy, cluster);
  const { repaired, reported } = repairsMade(reading, policy, ruling, context);
  const edits = leaveWith(reading, policy, ruling, cluster, context);
  const overridden = from !== undefined && !isSampled(from) && !isOpen(reading);
  const why = overridden && reason === "intact" ? "sampling-overridden" : reason;
  return { action, reason: why, from, context, ownParent: true, edits, links, repaired, reported };
}

/** Nobody has put a member of ours first, and with it the list within its limits. */
function limited(context: TraceContext, policy: Policy): TraceContext {
  const tracestate = limitTracestate(context.tracestate, policy.tracestateMaxLength);
  return tracestate === context.tracestate ? context : { ...context, tracestate };
}

function adoptedOf(reading: Reading, reason: Reason): string | undefined {
  return reason === "trace-id-adopted" ? reading.foreign?.adopted : undefined;
}

function rememberedOf(reading: Reading, policy: Policy, action: Action): TraceContext | undefined {
  const remembers = policy.outside === "remember" && action === "restart" && reading.kind === "valid";
  return remembers ? reading.context : undefined;
}

/** Nothing is repaired of what is not believed. */
function repairsMade(reading: Reading, policy: Policy, ruling: Ruling, leaving: TraceContext | undefined) {
  const clean = reading.kind === "valid" && reading.notes.length === 0 && reading.own === undefined;
  if (ruling.trust !== "continue" || (clean && reading.foreign === undefined)) return NO_REPAIRS;
  return repairsOf(reading, policy, leaving);
}

/** What came in and does not go on. Whoever is ignored is not linked to either. */
function linksOf(reading: Reading, ruling: Ruling, action: Action): readonly TraceContext[] | undefined {
  if (ruling.trust === "ignore") return undefined;
  const rivals = reading.foreign?.rivals;
  if (action === "restart" && reading.kind === "valid") return [reading.context, ...(rivals ?? [])];
  return rivals?.length === 0 ? undefined : rivals;
}
