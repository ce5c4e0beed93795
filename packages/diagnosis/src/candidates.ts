/** Which orphans lie where which requests' spans would, and what is known of each such pair. */

export interface Candidate {
  readonly record: number;
  readonly orphan: number;
  /** Of the pair, against an orphan that begins in any one millisecond. */
  readonly odds: number;
  /** The share of all requests that the orphan may answer by its path. */
  readonly answerable: number;
}

/** What was compared, beside the pairs. */
export interface Scene {
  /** The requests whose time has come. */
  readonly due: ReadonlySet<number>;
  /** Orphans that lie where the requests do, as many as each may answer on average, and how long that is. */
  readonly orphans: number;
  readonly spanMs: number;
}

/** By record: the places of its pairs among the candidates. */
export type Groups = ReadonlyMap<number, readonly number[]>;

export interface Grouped {
  readonly byRequest: Groups;
  readonly byOrphan: Groups;
}

export function grouped(candidates: readonly Candidate[]): Grouped {
  return {
    byRequest: groupsOf(candidates, ({ record }) => record),
    byOrphan: groupsOf(candidates, ({ orphan }) => orphan),
  };
}

function groupsOf(candidates: readonly Candidate[], keyOf: (pair: Candidate) => number): Groups {
  const groups = new Map<number, number[]>();
  for (const [at, pair] of candidates.entries()) {
    const group = groups.get(keyOf(pair));
    if (group === undefined) groups.set(keyOf(pair), [at]);
    else group.push(at);
  }
  return groups;
}
