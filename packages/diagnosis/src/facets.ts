/** Whether a break hits all of an edge or only some route, version or pod: broken and whole requests by what they have in common. */

export const DIMENSIONS = ["route", "version", "pod"] as const;

export type Dimension = (typeof DIMENSIONS)[number];

export interface FacetValue {
  readonly value: string;
  readonly broken: number;
  readonly whole: number;
}

/** Which part of an edge a break hits. */
export interface Scope {
  readonly dimension: Dimension;
  /** Whether every value that was seen enough is hit. */
  readonly all: boolean;
  /** The values that are hit; some of those that were seen where not `all`. */
  readonly hit: readonly FacetValue[];
  readonly spared: readonly FacetValue[];
}

export interface Facets {
  note(dimension: Dimension, value: string, broken: boolean): void;
  /** What is known of each dimension that has more than one value, or one that is worth telling. */
  scopes(): readonly Scope[];
}

/** Values of one dimension; the others are not told apart. */
const MAX_VALUES = 16;

/** Where counts are halved, so that they follow what changes. */
const HALVE_AT = 2_048;

/** Requests of a value before it says anything. */
const ENOUGH = 5;

/** Shares of broken requests from which on a value is hit, and up to which it is spared. */
const HIT = 0.8;
const SPARED = 0.05;

export const FACETS_BYTES: number = DIMENSIONS.length * MAX_VALUES * 96;

interface Counts {
  broken: number;
  whole: number;
}

export function createFacets(): Facets {
  const byDimension = new Map<Dimension, Map<string, Counts>>();
  return {
    note(dimension, value, broken) {
      if (value === "") return;
      let values = byDimension.get(dimension);
      if (values === undefined) {
        values = new Map();
        byDimension.set(dimension, values);
      }
      let counts = values.get(value);
      if (counts === undefined) {
        if (values.size >= MAX_VALUES) return;
        counts = { broken: 0, whole: 0 };
        values.set(value, counts);
      }
      if (broken) counts.broken += 1;
      else counts.whole += 1;
      if (counts.broken + counts.whole >= HALVE_AT) halve(values);
    },
    scopes: () =>
      DIMENSIONS.flatMap((dimension) => {
        const scope = scopeOf(dimension, byDimension.get(dimension) ?? new Map());
        return scope === undefined ? [] : [scope];
      }),
  };
}

function scopeOf(dimension: Dimension, values: ReadonlyMap<string, Counts>): Scope | undefined {
  const known: FacetValue[] = [];
  for (const [value, { broken, whole }] of values) {
    if (broken + whole >= ENOUGH) known.push({ value, broken: Math.round(broken), whole: Math.round(whole) });
  }
  const hit = known.filter(({ broken, whole }) => broken >= HIT * (broken + whole));
  const spared = known.filter(({ broken, whole }) => broken <= SPARED * (broken + whole));
  // Neither hit nor spared: the break has nothing to do with this dimension.
  if (hit.length === 0 || hit.length + spared.length < known.length) return undefined;
  return { dimension, all: spared.length === 0, hit, spared };
}

function halve(values: Map<string, Counts>): void {
  for (const [value, counts] of values) {
    counts.broken /= 2;
    counts.whole /= 2;
    if (counts.broken + counts.whole < 1) values.delete(value);
  }
}

const PLURAL: Readonly<Record<Dimension, string>> = { route: "routes", version: "versions", pod: "pods" };

/** The scope as a sentence; undefined where it says nothing, because there is only one value. */
export function scopeText({ dimension, all, hit, spared }: Scope): string | undefined {
  if (all) return hit.length < 2 ? undefined : `All ${hit.length} ${PLURAL[dimension]} that were seen are hit.`;
  const list = (values: readonly FacetValue[]): string =>
    values.map(({ value, broken, whole }) => `${value} (${broken} of ${broken + whole})`).join(", ");
  return `Only ${dimension} ${list(hit)} is hit, and not ${list(spared)}.`;
}
