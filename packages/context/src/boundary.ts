/** A named place where requests cross, and the whole decision for one of them. */
import type { Arrival } from "./arrival.ts";
import type { Edits } from "./edits.ts";
import type { FieldLines } from "./field-lines.ts";
import type { OwnSpans } from "./judge.ts";
import { judge, planOf, rulingOf, wantsSpans } from "./judge.ts";
import type { PolicyOptions } from "./define-policy.ts";
import { checkClusterName, definePolicy } from "./define-policy.ts";
import type { Places } from "./places.ts";
import { SCATTERED, placesIn } from "./places.ts";
import { passPlainly } from "./plain-passage.ts";
import type { Policy, Ruling } from "./policy.ts";
import type { Reading } from "./reading.ts";
import { isCut, readWith } from "./reading.ts";
import type { Verdict } from "./verdict.ts";

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
 * One head at one boundary. What is not needed to let it pass is worked out when it is first asked for, so its parts are to
 * be asked for by their names: a spread copies only those that are there already.
 */
export interface Passage {
  readonly boundary: Boundary;
  readonly reading: Reading;
  readonly verdict: Verdict;
  /** The verdict's. */
  readonly edits: Edits;
  /** Present only where the spans' ids may be used: they were granted and the trace is sampled. */
  readonly spans: OwnSpans | undefined;
  /** What it was judged by. Whoever judges it again does so by the same: uses of a signature and forced sampling are counted. */
  readonly policy: Policy;
  readonly ruling: Ruling;
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
  return (
    passPlainly(boundary, policy, lines, places, grant) ?? passClosely(boundary, policy, lines, places, grant, arrival)
  );
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
  return { boundary, reading, verdict, edits: verdict.edits, spans, policy, ruling };
}

function policyFor(policy: Policy, arrival: Arrival | undefined): Policy {
  if (policy.upstreams === undefined || arrival?.upstream === undefined) return policy;
  return policy.upstreams.get(arrival.upstream) ?? policy;
}
