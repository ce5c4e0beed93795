/** Which repairs beyond the specification a reading calls for, and which of them the policy makes or only reports. */
import type { Policy, Repair, RepairName } from "./policy.ts";
import type { Reading } from "./reading.ts";
import { isNoted } from "./reading.ts";
import type { TraceContext } from "./trace-context.ts";

export interface RepairsMade {
  readonly repaired: readonly RepairName[] | undefined;
  readonly reported: readonly RepairName[] | undefined;
}

export const NO_REPAIRS: RepairsMade = { repaired: undefined, reported: undefined };

/** For a caller whose context goes on; `leaving` is the context that leaves. */
export function repairsOf(reading: Reading, policy: Policy, leaving: TraceContext | undefined): RepairsMade {
  const called: RepairName[] = reading.kind === "valid" ? calledBeside(reading) : calledInstead(reading, policy);
  if (reading.foreign !== undefined && leaving !== undefined && policy.foreign?.isStale(reading, leaving) === true)
    called.push("stale");
  if (called.length === 0) return NO_REPAIRS;
  return { repaired: atLevel(called, policy, "on"), reported: atLevel(called, policy, "report") };
}

/** The parent a border exported before a hop put one of its own in its place; undefined where they are the same. */
export function lastExported(reading: Reading & { kind: "valid" }): TraceContext | undefined {
  const { own, context } = reading;
  if (own === undefined || own.spanId === context.parentId || isNoted(reading, "own-member-mismatch")) return undefined;
  return { ...context, parentId: own.spanId, flags: own.flags };
}

function calledBeside(reading: Reading & { kind: "valid" }): RepairName[] {
  const called: RepairName[] = [];
  if (reading.salvage !== undefined) called.push("members");
  if (reading.notes.length > 0 && isNoted(reading, "hop-nominated")) called.push("nominated");
  if (lastExported(reading) !== undefined) called.push("parent");
  return called;
}

/** In order of precedence: what a repair has put right needs no other, what it only reports still does. */
function calledInstead(reading: Reading & { kind: "absent" | "invalid" }, policy: Policy): RepairName[] {
  const mend = reading.kind === "invalid" ? reading.mendable?.repair : undefined;
  const called: RepairName[] = mend === undefined ? [] : [mend];
  if (reading.carried !== undefined && (mend === undefined || policy.repairs[mend] !== "on")) called.push("carrier");
  return called;
}

function atLevel(called: readonly RepairName[], policy: Policy, level: Repair): readonly RepairName[] | undefined {
  const names = called.filter((name) => policy.repairs[name] === level);
  return names.length === 0 ? undefined : names;
}
