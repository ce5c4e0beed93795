/** Which repairs beyond the specification a reading calls for, and which of them the policy makes or only reports. */
import type { Policy, Repair, RepairName } from "./policy.ts";
import type { Reading } from "./reading.ts";
import { isNoted } from "./reading.ts";

export interface RepairsMade {
  readonly repaired: readonly RepairName[] | undefined;
  readonly reported: readonly RepairName[] | undefined;
}

const NONE: RepairsMade = { repaired: undefined, reported: undefined };

export function repairsOf(reading: Reading, policy: Policy): RepairsMade {
  if (policy.trust === "restart") return NONE;
  if (reading.kind === "valid" ? reading.notes.length === 0 : isUnmendable(reading)) return NONE;
  const called = repairsCalledFor(reading, policy);
  if (called.length === 0) return NONE;
  return { repaired: atLevel(called, policy, "on"), reported: atLevel(called, policy, "report") };
}

function isUnmendable(reading: Reading): boolean {
  return reading.kind === "absent" && reading.carried === undefined;
}

/** In order of precedence: what a repair has put right needs no other, what it only reports still does. */
function repairsCalledFor(reading: Reading, policy: Policy): readonly RepairName[] {
  const called: RepairName[] = [];
  if (reading.kind === "valid") {
    if (reading.salvage !== undefined) called.push("members");
    if (isNoted(reading, "hop-nominated")) called.push("nominated");
    return called;
  }
  const mend = reading.kind === "invalid" ? reading.mendable?.repair : undefined;
  if (mend !== undefined) called.push(mend);
  if (reading.carried !== undefined && (mend === undefined || policy.repairs[mend] !== "on")) called.push("carrier");
  return called;
}

function atLevel(called: readonly RepairName[], policy: Policy, level: Repair): readonly RepairName[] | undefined {
  const names = called.filter((name) => policy.repairs[name] === level);
  return names.length === 0 ? undefined : names;
}
