/** What the diagnosis costs for each crossing and each span, with few and with many traces in flight. */
import assert from "node:assert/strict";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import type { Diagnosis } from "@tracemend/diagnosis";
import { createDiagnosis } from "@tracemend/diagnosis";
import type { Batch } from "@tracemend/otlp";
import type { CostLoad } from "./cost-load.ts";
import { DELAY_MS, TAUGHT, TICK_MS, batchesOf, crossingAt, ownBatches } from "./cost-load.ts";

/** CPU time in nanoseconds. */
export interface CostScore {
  readonly load: string;
  readonly crossing: Figures;
  readonly span: Figures;
  /** Of ticks, for each crossing: they settle what is due. */
  readonly ticks: number;
  readonly bytes: number;
  readonly capacityBytes: number;
  /** For each span, what was done beside it. */
  readonly beside: Figures | undefined;
}

/** Of the chunk in the middle, and the mean of all, which holds every collection of garbage. */
export interface Figures {
  readonly median: number;
  readonly mean: number;
  /** To what was done beside it, of the chunk in the middle. */
  readonly ratio: number | undefined;
}

const START_MS = 1_800_000_000_000;

/** Requests between two looks at the clock of the process, as many as end in a few turns of the event loop. */
const CHUNK = 100;

/** Chunks between two collections of the garbage of what makes them, and between two turns of the event loop. */
const COLLECT_EVERY = 5;

/** What asking for the time costs by itself. */
const ASKING = medianOf(Array.from({ length: 1_000 }, () => spentOn(() => {})));

/**
 * Every request waits while `inFlight` others come after it; then its spans arrive. With `--expose-gc` the means hold the
 * garbage of the diagnosis and no other. `beside`: other work on the same batches, moments later. Rejects with an
 * AssertionError where the diagnosis says anything that is not so.
 */
export async function measureCost(load: CostLoad, beside?: (batches: readonly Batch[]) => void): Promise<CostScore> {
  const { inFlight, shape, maxBytes, before, measured } = load;
  let nowMs = START_MS;
  const diagnosis = createDiagnosis({ now: () => nowMs, maxBytes, seed: 7 });
  const stepMs = DELAY_MS / inFlight;
  const endMsOf = (count: number): number => START_MS + count * stepMs;
  const spent = { crossings: [] as number[], spans: [] as number[], beside: [] as number[] };
  let ticking = 0;
  let tickMs = nowMs + TICK_MS;
  for (let from = 0; from < before + measured; from += CHUNK) {
    const crossings = Array.from({ length: CHUNK }, (_, at) => crossingAt(from + at, nowMs + at * stepMs, shape));
    const late = batchesOf(Math.max(0, from - inFlight), from + CHUNK - inFlight, endMsOf, shape);
    const due = shape === "program" ? [...ownBatches(crossings), ...late] : late;
    const counts = from >= before;
    if ((from / CHUNK) % COLLECT_EVERY === 0) {
      await setImmediate();
      if (counts) globalThis.gc?.({ type: "minor" });
    }
    const forCrossings = nanosOf(() => {
      for (const crossing of crossings) diagnosis.crossed(crossing);
    });
    nowMs += CHUNK * stepMs;
    const forSpans = nanosOf(() => {
      for (const batch of due) diagnosis.spans(batch);
    });
    for (; tickMs <= nowMs; tickMs += TICK_MS) {
      const forTick = nanosOf(() => diagnosis.tick());
      if (counts) ticking += forTick;
    }
    if (!counts) continue;
    const spans = due.reduce((sum, { items }) => sum + items, 0);
    spent.crossings.push(forCrossings / CHUNK);
    spent.spans.push(forSpans / spans);
    if (beside !== undefined) spent.beside.push(nanosOf(() => beside(due)) / spans);
  }
  proveRight(diagnosis, load);
  const { bytes, capacityBytes } = diagnosis.report().ledger;
  return {
    load: load.name,
    crossing: figuresOf(spent.crossings, spent.beside),
    span: figuresOf(spent.spans, spent.beside),
    ticks: ticking / measured,
    bytes,
    capacityBytes,
    beside: beside && figuresOf(spent.beside, []),
  };
}

function proveRight(diagnosis: Diagnosis, { inFlight, shape, before, measured }: CostLoad): void {
  const { ledger, breaks } = diagnosis.report();
  const { observed, matched, missing, waiting, unobserved, evicted } = ledger;
  assert.equal(observed, before + measured);
  assert.equal(matched + missing + waiting + unobserved + evicted, observed);
  assert.equal(evicted, 0);
  if (shape === "roots" || shape === "roots by time") {
    assert.equal(breaks[0]?.kind, "dropped-by-callee");
    assert.ok(missing > 0 && matched === (shape === "roots" ? 0 : TAUGHT));
  } else {
    assert.deepEqual(breaks, []);
    assert.equal(matched, observed - inFlight);
    assert.equal(waiting, inFlight);
  }
}

function spentOn(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1_000;
}

function nanosOf(run: () => void): number {
  return Math.max(0, spentOn(run) - ASKING);
}

function figuresOf(values: readonly number[], beside: readonly number[]): Figures {
  const ratios = beside.map((other, at) => (values[at] as number) / other);
  return {
    median: medianOf(values),
    mean: values.reduce((sum, each) => sum + each, 0) / values.length,
    ratio: ratios.length === 0 ? undefined : medianOf(ratios),
  };
}

/** What others do on the machine falls on single chunks. */
function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
