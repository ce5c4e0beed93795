/** A named place where requests cross, and the whole decision for one of them. */
import type { Arrival } from "./arrival.ts";
import type { FieldLines } from "./field-lines.ts";
import type { OwnSpans } from "./judge.ts";
import { judge, planOf, rulingOf, wantsSpans } from "./judge.ts";
import type { PolicyOptions } from "./define-policy.ts";
import { checkClusterName, definePolicy } from "./define-policy.ts";
import type { Passage } from "./passage.ts";
import { createPassage } from "./passage.ts";
import type { Places } from "./places.ts";
import { SCATTERED, parentIn, placesIn, stateIn } from "./places.ts";
import { passPlainly } from "./plain-passage.ts";
import type { Policy } from "./policy.ts";
import { isCut, readWith } from "./reading.ts";
import { isPlainTraceparent } from "./traceparent.ts";

/** Which way requests cross: into the cluster or out of it. */
export type Side = "ingress" | "egress";

export interface Boundary {
  readonly name: string;
  readonly side: Side;
  /** The cluster the boundary belongs to. */
  readonly cluster: string;
  readonly policy: Policy;
}

/** Throws a `TypeError` that names the option and the value. */
export function defineBoundary(options: {
  readonly name: string;
  readonly side: Side;
  readonly cluster: string;
  readonly policy?: PolicyOptions;
}): Boundary {
  const { name, side, cluster } = options;
  checkClusterName(cluster);
  return { name, side, cluster, policy: definePolicy(options.policy) };
}

/**
 * Reads and judges one head. `grant` gives a pair of spans that is accepted for export, or undefined; it is asked only
 * when the pair would be used.
 */
export function cross(
  boundary: Boundary,
  lines: FieldLines,
  grant: () => OwnSpans | undefined,
  arrival?: Arrival,
): Passage {
  const policy = policyFor(boundary.policy, arrival);
  const places = isCut(arrival) ? SCATTERED : placesIn(lines);
  const plain = policy.plain && places > 0 ? passAt(places, boundary, policy, lines, grant) : undefined;
  return plain ?? passClosely(boundary, policy, lines, places, grant, arrival);
}

function passAt(
  places: Places,
  boundary: Boundary,
  policy: Policy,
  lines: FieldLines,
  grant: () => OwnSpans | undefined,
): Passage | undefined {
  const parent = parentIn(places);
  const state = stateIn(places);
  const wire = lines[parent] as string;
  if (parent === 0 || !isPlainTraceparent(wire)) return undefined;
  return passPlainly(boundary, policy, wire, state === 0 ? undefined : lines[state], grant);
}

function passClosely(
  boundary: Boundary,
  policy: Policy,
  lines: FieldLines,
  places: Places,
  grant: () => OwnSpans | undefined,
  arrival: Arrival | undefined,
): Passage {
  const reading = readWith(lines, places, policy, arrival);
  const ruling = rulingOf(reading, policy, lines, arrival);
  const plan = planOf(reading, policy, ruling);
  const spans = wantsSpans(reading, policy, ruling, plan) ? grant() : undefined;
  const verdict = judge(reading, policy, boundary.cluster, spans, ruling, plan);
  return createPassage({ boundary, reading, verdict, spans, policy, ruling });
}

function policyFor(policy: Policy, arrival: Arrival | undefined): Policy {
  if (policy.upstreams === undefined || arrival?.upstream === undefined) return policy;
  return policy.upstreams.get(arrival.upstream) ?? policy;
}
