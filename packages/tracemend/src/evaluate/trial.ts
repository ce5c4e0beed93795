/** One trial: a stream is staged, the detector runs over it, and what it said is held against what was done. */
import type { Break, DiagnosisReport } from "@tracemend/diagnosis";
import { beyondEvidence } from "./break-class.ts";
import { ABROAD } from "./border.ts";
import { detect } from "./detector.ts";
import { seedOf } from "./random.ts";
import type { JudgedRepair } from "./repair-score.ts";
import { judgeRepair } from "./repair-score.ts";
import type { Staged, TrialPlan } from "./stimulus.ts";
import { stage } from "./stimulus.ts";
import type { Truth } from "./truth.ts";

export interface Alarm {
  readonly boundary: string;
  readonly kind: string;
}

export interface TrialResult {
  readonly recording: string;
  readonly edge: string;
  readonly code: string;
  readonly breakClass: string;
  /** Whether it is to be found: it is a break, it happened, and something tells of it. */
  readonly wanted: boolean;
  /** Why nothing tells of it. */
  readonly beyond: string | undefined;
  readonly share: number;
  readonly seed: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly broken: number;
  /** Requests that one span of the edge could belong to by time alone, on average. */
  readonly candidates: number;
  /** Reported at some time with a kind that names it rightly. */
  readonly found: boolean;
  /** What the edge was called in the end: the first kind of break on it that is not allowed beside, or `nothing`. */
  readonly named: string;
  /** The verdict on the edge in the end. */
  readonly verdict: string;
  /** Crossings of the edge, and milliseconds since the first broken one, until it was reported. */
  readonly foundAfterRequests: number | undefined;
  readonly foundAfterMs: number | undefined;
  /** Kinds on the broken edge that are neither right nor allowed. */
  readonly alsoNamed: readonly string[];
  /** Edges that nothing was done to, with enough requests to count, and what was reported of them. */
  readonly intactWindows: number;
  readonly falseAlarms: readonly Alarm[];
  /** The first break of the last report that is not allowed beside is the one that was made. */
  readonly topRight: boolean;
  /** Requests that could be repaired: recorded by the called service, and arrived or lost. */
  readonly repairable: number;
  /** Repairs of spans that were decided. */
  readonly repairs: readonly JudgedRepair[];
  /** Contexts that a boundary put back into headers. */
  readonly restored: number;
  readonly restoredWrong: number;
}

/** Fewer requests than this make no window. */
const LEAST_REQUESTS = 20;

const READ_EVERY_MS = 1_000;

/** Where this many answers lie outside their requests, a clock is off, be it that of one instance for a while. */
const LEAST_OUTSIDE = 5;

export async function runTrial(plan: TrialPlan): Promise<TrialResult> {
  const staged = stage(plan);
  const { stimulus, truth } = staged;
  const seen = new Map<string, Alarm>();
  let foundMs: number | undefined;
  const repairs: JudgedRepair[] = [];
  const last = await detect(stimulus, {
    decided: (decision) => repairs.push(judgeRepair(decision, truth)),
    seed: seedOf(plan.seed, "hash"),
    readEveryMs: READ_EVERY_MS,
    read(report, nowMs) {
      for (const found of report.breaks) {
        const alarm = { boundary: boundaryOf(found, truth), kind: found.kind };
        seen.set(`${alarm.boundary} ${alarm.kind}`, alarm);
        if (isRight(alarm, truth)) foundMs ??= nowMs;
      }
    },
  });
  return { ...judged(plan, staged, [...seen.values()], last, foundMs), repairs };
}

function judged(
  plan: TrialPlan,
  staged: Staged,
  alarms: readonly Alarm[],
  last: DiagnosisReport,
  foundMs: number | undefined,
): Omit<TrialResult, "repairs"> {
  const { recording, edge, breakClass, share, seed, requestsPerSecond } = plan;
  const { truth, stimulus, candidates } = staged;
  const beyond = beyondEvidence(breakClass, edge);
  const unexpected = alarms.filter((alarm) => !isAllowed(alarm, staged) && !isRight(alarm, truth));
  const falseAlarms = unexpected.filter(({ boundary }) => truth.broken === 0 || !isCut(boundary, truth));
  const windows = [...truth.edges].filter(
    ([boundary, { requests }]) => requests >= LEAST_REQUESTS && (truth.broken === 0 || !isCut(boundary, truth)),
  );
  const told = last.breaks.filter((one) => {
    const alarm = { boundary: boundaryOf(one, truth), kind: one.kind };
    return isRight(alarm, truth) || !isAllowed(alarm, staged);
  });
  const onEdge = told.find((one) => isCut(boundaryOf(one, truth), truth));
  const [top] = told;
  const crossed = stimulus.events.filter(
    (event) => event.kind === "crossing" && event.crossing.boundary === truth.boundary && event.atMs <= (foundMs ?? 0),
  );
  return {
    recording: recording.name,
    edge: edge.name,
    code: breakClass.code,
    breakClass: breakClass.name,
    wanted: breakClass.wanted && truth.broken > 0 && beyond === undefined,
    beyond: truth.broken > 0 ? beyond : undefined,
    share,
    seed,
    requests: truth.requests,
    requestsPerSecond,
    broken: truth.broken,
    candidates,
    found: foundMs !== undefined,
    named: onEdge?.kind ?? "nothing",
    verdict: last.edges.find(({ boundary }) => boundary === truth.boundary)?.verdict ?? "no boundary",
    foundAfterRequests: foundMs === undefined ? undefined : crossed.length,
    foundAfterMs: foundMs === undefined ? undefined : Math.max(0, foundMs - truth.firstBrokenMs),
    alsoNamed: unexpected.filter(({ boundary }) => isCut(boundary, truth)).map(({ kind }) => kind),
    intactWindows: windows.length,
    falseAlarms,
    topRight: top !== undefined && isRight({ boundary: boundaryOf(top, truth), kind: top.kind }, truth),
    repairable: [...truth.cuts.values()].filter(({ spanId }) => spanId !== undefined).length,
    restored: truth.restored,
    restoredWrong: truth.restoredWrong,
  };
}

/** The boundary a break is reported at: before it or behind it. Where none stands on the edge, the services name it. */
function boundaryOf({ edge }: Break, truth: Truth): string {
  if (truth.edges.has(edge.from)) return edge.from;
  if (truth.edges.has(edge.to)) return edge.to;
  return edge.from === truth.from && edge.to === truth.to ? truth.boundary : `${edge.from}→${edge.to}`;
}

/** The border of the other cluster sees the same break from its side. */
function isCut(boundary: string, { boundary: cut }: Truth): boolean {
  return boundary === cut || boundary === `${ABROAD}:${cut}`;
}

function isRight({ boundary, kind }: Alarm, truth: Truth): boolean {
  return truth.broken > 0 && boundary === truth.boundary && truth.breakClass.accepts.includes(kind);
}

/** What is reported beside is true too where spans were lost or clocks are off. */
function isAllowed({ boundary, kind }: Alarm, { truth, lossy }: Staged): boolean {
  if (boundary !== truth.boundary && isCut(boundary, truth)) {
    return truth.broken > 0 && truth.breakClass.mirrored?.includes(kind) === true;
  }
  const edge = truth.edges.get(boundary);
  if (edge === undefined) return false;
  if (truth.broken > 0 && !truth.breakClass.wanted && truth.breakClass.accepts.includes(kind)) return true;
  if (kind === "export-loss") return lossy.has(edge.service);
  return kind === "clock-skew" && edge.outside >= LEAST_OUTSIDE;
}
