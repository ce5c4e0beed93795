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
  /** Of a crossing and a span, to those of the first load it was measured by turns with. */
  readonly toFirst: { readonly crossing: number; readonly span: number } | undefined;
}

/** Of the chunk in the middle, and the mean of all, which holds every collection of garbage. */
export interface Figures {
  readonly median: number;
  readonly mean: number;
  /** To what was done beside it, of the chunk in the middle. */
  readonly ratio: number | undefined;
}

/** Other work on the same batches, moments later. */
export type Beside = (batches: readonly Batch[]) => void;

const START_MS = 1_800_000_000_000;

/** Requests between two looks at the clock of the process, as many as end in a few turns of the event loop. */
const CHUNK = 100;

/** Chunks between two collections of the garbage of what makes them, and between two turns of the event loop. */
const COLLECT_EVERY = 5;

/** Chunks of one load before the next one's turn: moments, but enough to have the caches for itself. */
const CHUNKS_PER_TURN = 10;

/** What asking for the time costs by itself. */
const ASKING = medianOf(Array.from({ length: 1_000 }, () => spentOn(() => {})));

/**
 * Measures these loads by turns: what else the machine does falls on all of them. With `--expose-gc` the means hold the
 * garbage of the diagnosis and no other. Rejects with an AssertionError where the diagnosis says anything that is not so.
 */
export async function measureCost(loads: readonly CostLoad[], beside?: Beside): Promise<readonly CostScore[]> {
  const runs = loads.map((load) => new CostRun(load, beside));
  for (const run of runs) while (run.isFilling()) await run.step();
  while (runs.some((run) => !run.isDone())) {
    for (const run of runs) for (let at = 0; at < CHUNKS_PER_TURN && !run.isDone(); at += 1) await run.step();
  }
  return runs.map((run, at) => run.score(at === 0 ? undefined : runs[0]));
}

/** One load: every request waits while `inFlight` others come after it; then its spans arrive. */
class CostRun {
  readonly #load: CostLoad;
  readonly #beside: Beside | undefined;
  readonly #diagnosis: Diagnosis;
  readonly #stepMs: number;
  readonly #spent = { crossings: [] as number[], spans: [] as number[], beside: [] as number[] };
  #from = 0;
  #nowMs = START_MS;
  #tickMs: number = START_MS + TICK_MS;
  #ticking = 0;

  constructor(load: CostLoad, beside: Beside | undefined) {
    this.#load = load;
    this.#beside = beside;
    this.#diagnosis = createDiagnosis({ now: () => this.#nowMs, maxBytes: load.maxBytes, seed: 7 });
    this.#stepMs = DELAY_MS / load.inFlight;
  }

  isFilling(): boolean {
    return this.#from < this.#load.before;
  }

  isDone(): boolean {
    return this.#from >= this.#load.before + this.#load.measured;
  }

  /** The next chunk of requests, and the spans that are due by then. */
  async step(): Promise<void> {
    const { inFlight, shape } = this.#load;
    const from = this.#from;
    const stepMs = this.#stepMs;
    const counts = !this.isFilling();
    const endMsOf = (count: number): number => START_MS + count * stepMs;
    const crossings = Array.from({ length: CHUNK }, (_, at) => crossingAt(from + at, this.#nowMs + at * stepMs, shape));
    const late = batchesOf(Math.max(0, from - inFlight), from + CHUNK - inFlight, endMsOf, shape);
    const due = shape === "program" ? [...ownBatches(crossings), ...late] : late;
    if ((from / CHUNK) % COLLECT_EVERY === 0) {
      await setImmediate();
      if (counts) globalThis.gc?.({ type: "minor" });
    }
    const diagnosis = this.#diagnosis;
    const forCrossings = nanosOf(() => {
      for (const crossing of crossings) diagnosis.crossed(crossing);
    });
    this.#nowMs += CHUNK * stepMs;
    const forSpans = nanosOf(() => {
      for (const batch of due) diagnosis.spans(batch);
    });
    for (; this.#tickMs <= this.#nowMs; this.#tickMs += TICK_MS) {
      const forTick = nanosOf(() => diagnosis.tick());
      if (counts) this.#ticking += forTick;
    }
    this.#from += CHUNK;
    if (!counts) return;
    const spans = due.reduce((sum, { items }) => sum + items, 0);
    const beside = this.#beside;
    this.#spent.crossings.push(forCrossings / CHUNK);
    this.#spent.spans.push(forSpans / spans);
    if (beside !== undefined) this.#spent.beside.push(nanosOf(() => beside(due)) / spans);
  }

  score(first: CostRun | undefined): CostScore {
    proveRight(this.#diagnosis, this.#load);
    const { bytes, capacityBytes } = this.#diagnosis.report().ledger;
    const { crossings, spans, beside } = this.#spent;
    return {
      load: this.#load.name,
      crossing: figuresOf(crossings, beside),
      span: figuresOf(spans, beside),
      ticks: this.#ticking / this.#load.measured,
      bytes,
      capacityBytes,
      beside: this.#beside && figuresOf(beside, []),
      toFirst: first && {
        crossing: ratioOf(crossings, first.#spent.crossings) ?? 0,
        span: ratioOf(spans, first.#spent.spans) ?? 0,
      },
    };
  }
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
  return {
    median: medianOf(values),
    mean: values.reduce((sum, each) => sum + each, 0) / values.length,
    ratio: ratioOf(values, beside),
  };
}

/** Of what was measured at one time, the ratio in the middle; undefined where nothing was. */
function ratioOf(values: readonly number[], others: readonly number[]): number | undefined {
  const ratios = values.slice(0, others.length).map((value, at) => value / (others[at] as number));
  return ratios.length === 0 ? undefined : medianOf(ratios);
}

/** What others do on the machine falls on single chunks. */
function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
