/** What the trials add up to: the figures that stand for the detector. */
import type { JudgedRepair } from "./repair-score.ts";
import type { TrialResult } from "./trial.ts";

export interface Ratio {
  readonly hits: number;
  readonly of: number;
}

export interface ClassScore {
  readonly code: string;
  readonly breakClass: string;
  readonly wanted: boolean;
  readonly trials: number;
  /** By share, `0.1` and so on: found; of what is no break: taken for none. */
  readonly byShare: Readonly<Record<string, Ratio>>;
  readonly all: Ratio;
  readonly medianRequests: number | undefined;
  readonly medianSeconds: number | undefined;
  /** What the edge was called in the end, and how often. */
  readonly named: Readonly<Record<string, number>>;
  /** Trials that nothing which reaches the detector tells of, by reason: in none of the figures above. */
  readonly beyond: Readonly<Record<string, number>>;
}

export interface EdgeScore {
  readonly recording: string;
  readonly edge: string;
  readonly trials: number;
  /** Breaks found at shares of 10 % and more, and at 2 %. */
  readonly found: Ratio;
  readonly foundRare: Ratio;
  readonly lookAlikes: Ratio;
  /** Windows of this edge and of the others in its streams; false alarms in them. */
  readonly intact: Ratio;
  /** Repairs of spans that were decided rightly. */
  readonly repairs: Ratio;
  readonly topRight: Ratio;
  readonly candidates: number;
}

/** What some trials add up to. */
export interface Figures {
  readonly trials: number;
  readonly recall: Ratio;
  readonly recallRare: Ratio;
  /** Edge-windows with an alarm that had a break, of all with an alarm. */
  readonly precision: Ratio;
  /** Intact edge-windows with a false alarm, of all intact ones. */
  readonly falseAlarms: Ratio;
  readonly lookAlikes: Ratio;
  readonly topRight: Ratio;
  /** Repairs of spans that were decided rightly, of all decided; the rest is harm. */
  readonly repairs: Ratio;
}

export interface RecordingScore extends Figures {
  readonly recording: string;
  readonly edges: number;
}

/** One trial that is not as it should be. */
export interface Shortfall {
  readonly recording: string;
  readonly edge: string;
  readonly breakClass: string;
  readonly share: number;
  readonly what: string;
}

export interface Score extends Figures {
  readonly falseAlarmsPer1000: number;
  /** Requests repaired rightly, of those that could be. */
  readonly repaired: Ratio;
  readonly byReason: Readonly<Record<string, Ratio>>;
  /** By time alone: right ones by how many requests one span could belong to. */
  readonly byCandidates: Readonly<Record<string, Ratio>>;
  /** By time alone: by what confidence was claimed. */
  readonly byConfidence: Readonly<Record<string, Ratio>>;
  /** Contexts that boundaries put back into headers rightly. */
  readonly restored: Ratio;
  /** Of either, on streams that nothing was done to. */
  readonly repairsOnIntact: number;
  readonly classes: readonly ClassScore[];
  readonly edges: readonly EdgeScore[];
  readonly recordings: readonly RecordingScore[];
  readonly shortfalls: readonly Shortfall[];
}

export const RARE = 0.05;

export function scoreOf(trials: readonly TrialResult[]): Score {
  const figures = figuresOf(trials);
  const { falseAlarms } = figures;
  const repairs = trials.flatMap((trial) => trial.repairs);
  return {
    ...figures,
    falseAlarmsPer1000: falseAlarms.of === 0 ? 0 : (1000 * falseAlarms.hits) / falseAlarms.of,
    repaired: { hits: repairsOf(trials).hits, of: sum(trials, ({ repairable }) => repairable) },
    byReason: ratiosBy(repairs, ({ reason }) => reason),
    byCandidates: mapValues(Map.groupBy(trials, candidateClass), (some) => repairsOf(some, "same-time")),
    byConfidence: ratiosBy(
      repairs.filter(({ reason }) => reason === "same-time"),
      ({ confidence }) => `${Math.floor(confidence * 100)} %`,
    ),
    restored: {
      hits: sum(trials, ({ restored, restoredWrong }) => restored - restoredWrong),
      of: sum(trials, ({ restored }) => restored),
    },
    repairsOnIntact: sum(
      trials.filter(({ broken }) => broken === 0),
      ({ repairs: written, restored }) => written.length + restored,
    ),
    classes: [...Map.groupBy(trials, ({ breakClass }) => breakClass).values()].map(classScore),
    edges: [...Map.groupBy(trials, ({ recording, edge }) => `${recording} ${edge}`).values()].map(edgeScore),
    recordings: [...Map.groupBy(trials, ({ recording }) => recording)].map(([recording, some]) => ({
      recording,
      edges: new Set(some.map(({ edge }) => edge)).size,
      ...figuresOf(some),
    })),
    shortfalls: trials.flatMap(shortfallsOf),
  };
}

function figuresOf(trials: readonly TrialResult[]): Figures {
  const wanted = trials.filter((trial) => trial.wanted);
  const often = wanted.filter(({ share }) => share >= RARE);
  const found = wanted.filter((trial) => trial.found).length;
  const falseAlarms = falseAlarmsOf(trials);
  return {
    trials: trials.length,
    recall: foundOf(often),
    recallRare: foundOf(wanted.filter(({ share }) => share < RARE)),
    precision: { hits: found, of: found + falseAlarms.hits },
    falseAlarms,
    lookAlikes: quietOf(trials.filter(isLookAlike)),
    topRight: topRightOf(often),
    repairs: repairsOf(trials),
  };
}

function shortfallsOf(trial: TrialResult): readonly Shortfall[] {
  const { recording, edge, breakClass, share, wanted, found, topRight, named, falseAlarms, alsoNamed } = trial;
  const wrong = trial.repairs.filter(({ right }) => !right).length;
  const whats = [
    ...(wanted && !found ? [`not found (${trial.broken} of ${trial.requests} requests)`] : []),
    ...(wanted && found && !topRight ? [`first named ${named}`] : []),
    ...(isLookAlike(trial) && alsoNamed.length > 0 ? [`taken for ${alsoNamed.join(", ")}`] : []),
    ...falseAlarms.map(({ boundary, kind }) => `false alarm: ${kind} at ${boundary}`),
    ...(wrong > 0 ? [`${wrong} of ${trial.repairs.length} repairs wrong`] : []),
  ];
  return whats.map((what) => ({ recording, edge, breakClass, share, what }));
}

function classScore(trials: readonly TrialResult[]): ClassScore {
  const { code, breakClass } = trials[0] as TrialResult;
  const wanted = trials.some((trial) => trial.wanted || trial.beyond !== undefined);
  const judged = wanted ? trials.filter((trial) => trial.wanted) : trials;
  const ratio = wanted ? foundOf : quietOf;
  return {
    code,
    breakClass,
    wanted,
    trials: trials.length,
    byShare: mapValues(
      Map.groupBy(judged, ({ share }) => String(share)),
      ratio,
    ),
    all: ratio(judged),
    medianRequests: median(judged.flatMap(({ foundAfterRequests }) => foundAfterRequests ?? [])),
    medianSeconds: median(
      judged.flatMap(({ foundAfterMs }) => (foundAfterMs === undefined ? [] : [foundAfterMs / 1000])),
    ),
    named: mapValues(
      Map.groupBy(trials, ({ named }) => named),
      (some) => some.length,
    ),
    beyond: mapValues(
      Map.groupBy(
        trials.filter(({ beyond }) => beyond !== undefined),
        ({ beyond }) => beyond ?? "",
      ),
      (some) => some.length,
    ),
  };
}

function edgeScore(trials: readonly TrialResult[]): EdgeScore {
  const { recording, edge } = trials[0] as TrialResult;
  const wanted = trials.filter((trial) => trial.wanted);
  const often = wanted.filter(({ share }) => share >= RARE);
  return {
    recording,
    edge,
    trials: trials.length,
    found: foundOf(often),
    foundRare: foundOf(wanted.filter(({ share }) => share < RARE)),
    lookAlikes: quietOf(trials.filter(isLookAlike)),
    intact: falseAlarmsOf(trials),
    repairs: repairsOf(trials),
    topRight: topRightOf(often),
    candidates: sum(trials, ({ candidates }) => candidates) / trials.length,
  };
}

function isLookAlike({ wanted, broken, beyond }: TrialResult): boolean {
  return !wanted && broken > 0 && beyond === undefined;
}

function foundOf(trials: readonly TrialResult[]): Ratio {
  return { hits: trials.filter(({ found }) => found).length, of: trials.length };
}

/** Nothing wrong was ever said of the edge. */
function quietOf(trials: readonly TrialResult[]): Ratio {
  const loud = trials.filter(
    ({ alsoNamed, falseAlarms, edge }) => alsoNamed.length > 0 || falseAlarms.some(({ boundary }) => boundary === edge),
  );
  return { hits: trials.length - loud.length, of: trials.length };
}

function topRightOf(trials: readonly TrialResult[]): Ratio {
  return { hits: trials.filter(({ topRight }) => topRight).length, of: trials.length };
}

function repairsOf(trials: readonly TrialResult[], reason?: string): Ratio {
  const repairs = trials.flatMap((trial) => trial.repairs);
  return rightOf(reason === undefined ? repairs : repairs.filter((one) => one.reason === reason));
}

function rightOf(repairs: readonly JudgedRepair[]): Ratio {
  return { hits: repairs.filter(({ right }) => right).length, of: repairs.length };
}

function ratiosBy(repairs: readonly JudgedRepair[], key: (repair: JudgedRepair) => string): Record<string, Ratio> {
  return mapValues(Map.groupBy(repairs, key), rightOf);
}

/** Several false alarms in one window are one. What is no break makes its own edge an intact window too. */
function falseAlarmsOf(trials: readonly TrialResult[]): Ratio {
  let hits = 0;
  let of = 0;
  for (const trial of trials) {
    const boundaries = new Set(trial.falseAlarms.map(({ boundary }) => boundary));
    if (isLookAlike(trial)) {
      of += 1;
      if (trial.alsoNamed.length > 0) boundaries.add(trial.edge);
    }
    hits += boundaries.size;
    of += trial.intactWindows;
  }
  return { hits, of };
}

const CANDIDATES: readonly number[] = [1, 2, 4, 8, 16];

function candidateClass({ candidates }: TrialResult): string {
  const most = CANDIDATES.find((limit) => candidates <= limit);
  return most === undefined ? `above ${CANDIDATES.at(-1)}` : `at most ${most}`;
}

function mapValues<In, Out>(map: ReadonlyMap<string, In>, change: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries([...map].map(([key, value]) => [key, change(value)]));
}

function sum(trials: readonly TrialResult[], of: (trial: TrialResult) => number): number {
  return trials.reduce((total, trial) => total + of(trial), 0);
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
