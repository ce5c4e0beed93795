/** From a received batch to every destination: the order of the stages, reservations, state, and the order of closing. */
import type { Batch, Signal } from "@tracemend/otlp";
import { createBranch } from "./branch.ts";
import type { DestinationBranch } from "./branch.ts";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { checkPipeline } from "./check.ts";
import { defineDestination } from "./destination.ts";
import type { DestinationOptions } from "./destination.ts";
import { defineLog } from "./event.ts";
import type { PipelineEvent } from "./event.ts";
import { createLedger } from "./ledger.ts";
import type { LedgerRow } from "./ledger.ts";
import { createMemory } from "./memory.ts";
import { defineResidency } from "./regions.ts";
import type { RegionsOptions } from "./regions.ts";
import { createReservations, placeInto, stampedBytes } from "./reservation.ts";
import type { Reservation } from "./reservation.ts";
import type { SamplingState } from "./sample/tally.ts";
import { pipeline } from "./stage.ts";
import type { Sink } from "./stage.ts";
import type { FlushTrigger } from "./stages/batch.ts";
import { createDeniedTraces } from "./stages/denied-traces.ts";
import { fanOut } from "./stages/fan-out.ts";
import { filter } from "./stages/filter.ts";
import type { FilterRule } from "./stages/filter.ts";
import { limit } from "./stages/limit.ts";
import type { LimitReason, MemoryLimit } from "./stages/limit.ts";
import type { BatchSizes } from "./stages/measure.ts";
import { redact } from "./stages/redact.ts";
import type { RedactOptions } from "./stages/redact/policy.ts";
import { createSpanRepairs } from "./stages/rewrite.ts";
import type { SpanRepair } from "./stages/rewrite.ts";
import { route } from "./stages/route.ts";
import type { RouteRule } from "./stages/route.ts";
import { stamp } from "./stages/stamp.ts";
import { tap } from "./stages/tap.ts";

export interface PipelineOptions {
  /** Above it everything is answered busy, before it is looked at. */
  readonly memory?: MemoryLimit;
  /** Resource attributes written onto everything that passes; none of high cardinality. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly destinations: readonly DestinationOptions[];
  /** Where this pipeline runs, and what may leave that region. Without it, everything may go everywhere. */
  readonly regions?: RegionsOptions;
  /**
   * Sees every batch, stamped, without what `redact` takes out, and with the traces that `filter` drops: they were there
   * all the same. Its bytes are lent for the time of the call. What it throws is counted and changes nothing.
   */
  readonly observe?: (batch: Batch) => void;
  /** Traces that go no further: those a rule names. */
  readonly filter?: {
    readonly rules?: readonly FilterRule[];
    /** Of denied traces so many are remembered. Default 50 000, about 10 MB. */
    readonly maxTraces?: number;
    /** And at least so long, unless there are too many. Default 60 000. */
    readonly maxAgeMs?: number;
  };
  /** Lets {@link Pipeline.repair} change spans; without it, none is kept back and none is changed. */
  readonly repair?: {
    /** Spans wait so long in the queue of a destination, unless they would take more than a quarter of it. */
    readonly holdMs: number;
    /** So many repairs are remembered, some 300 bytes each, for ten minutes. Default 10 000. */
    readonly maxRepairs?: number;
  };
  /** Taken out before anything goes to any destination; see {@link DestinationOptions.redact} for one of them. */
  readonly redact?: RedactOptions;
  /** Which destinations get what; the first rule that fits decides, and what fits none goes to all. */
  readonly routes?: readonly RouteRule[];
  readonly clock?: Clock;
  /** Even in [0, 1). */
  readonly random?: () => number;
  readonly log?: (event: PipelineEvent) => void;
}

export interface DestinationState {
  readonly name: string;
  readonly region: string | undefined;
  readonly signals: readonly Signal[];
  /** There is a connection, and the last send found a living peer. */
  readonly reachable: boolean;
  /** What is queued, being sent, or reserved. */
  readonly queueBytes: number;
  readonly queueCapacityBytes: number;
  readonly lastFailure: string | undefined;
  /** Batches sent because they were full, old enough, or because of closing. */
  readonly flushes: Readonly<Record<FlushTrigger, number>>;
  /** Milliseconds by which batches were sent later than their age allows, all together. */
  readonly flushLatenessMs: number;
  /** Of the batches sent, before retries. */
  readonly batchSizes: BatchSizes;
  /** Undefined where nothing is sampled, or no decision is remembered. */
  readonly sampling: SamplingState | undefined;
}

export interface PipelineCounters {
  /** Times the observer threw. */
  readonly observerErrors: number;
  /** Attributes a sender had set under a stamped key. */
  readonly spoofedAttributes: number;
  /** Spans dropped by `filter`, by its rules. */
  readonly filteredSpans: Readonly<Record<string, number>>;
  /** Batches in which `redact` found something. */
  readonly redactedBatches: number;
  /** Spans given other ids by `repair`, counted at each destination, and those that had to leave before `holdMs`. */
  readonly repairedSpans: number;
  readonly hurriedSpans: number;
  /** Items turned away before they were taken: for want of memory, or because the stamp would multiply them. */
  readonly refusedItems: Readonly<Record<LimitReason, number>>;
}

export interface Pipeline extends Sink {
  /**
   * Holds room for `bytes` of own spans in the queue of every destination that takes traces. Undefined when there is no
   * such destination, or one of them has no room or cannot be reached right now.
   */
  reserve(bytes: number): Reservation | undefined;
  /**
   * Memory of at least so many bytes, of whatever content, for a batch that a reservation will be filled with: it is used
   * again once that batch has left.
   */
  allocate(bytes: number): Uint8Array;
  /**
   * A request crossed a boundary, with the trace it goes on in, 32 lower-case hexadecimal digits. Where a rule of `filter`
   * asks for nothing but its route, the trace is dropped, also of services whose spans do not tell the route.
   */
  requested(traceId: string, path: string): void;
  /** Changes ids of spans that have not left yet, and keeps the old ones as attributes. Throws without `repair`. */
  repair(repair: SpanRepair): void;
  ledger(): readonly LedgerRow[];
  destinations(): readonly DestinationState[];
  counters(): PipelineCounters;
}

/** Of memory for stamped batches so much is kept to be used again. */
const keptBytes = 16 * 1024 * 1024;

/**
 * Starts connecting at once. Throws a TypeError that names the option and its value, and an Error when the folder of a
 * queue cannot be used.
 */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { clock = systemClock, random = Math.random, attributes = {}, observe, routes = [] } = options;
  for (const { path, message } of checkPipeline(options)) throw new TypeError(`${path.join(".")}: ${message}`);
  const residency = defineResidency(options.regions);
  const settings = options.destinations.map((each) => {
    const destination = defineDestination(each);
    return { ...destination, signals: residency.allowed(destination.signals, destination.region) };
  });
  const log = defineLog(options.log);
  const ledger = createLedger();
  const counters = {
    observerErrors: 0,
    spoofedAttributes: 0,
    filteredSpans: {} as Record<string, number>,
    redactedBatches: 0,
    repairedSpans: 0,
    hurriedSpans: 0,
    refusedItems: { memory: 0, stamp: 0 },
  };
  const { holdMs = 0, maxRepairs = 10_000 } = options.repair ?? {};
  const repairs = createSpanRepairs(maxRepairs, REPAIRS_KEPT_MS, clock);
  const repairing = options.repair && {
    repairs,
    holdMs,
    rewritten: (spans: number) => (counters.repairedSpans += spans),
    early: (spans: number) => (counters.hurriedSpans += spans),
  };
  const branches: DestinationBranch[] = [];
  try {
    for (const destination of settings) {
      const account = ledger.account(destination.name);
      branches.push(createBranch(destination, { account, clock, random, log, residency, repairing }));
    }
  } catch (cause) {
    for (const { sink } of branches) void sink.close(AbortSignal.abort());
    throw cause;
  }

  const observerFailed = (cause: unknown): void => {
    counters.observerErrors += 1;
    log({ kind: "observer-failed", message: String(cause) });
  };

  const { rules = [], maxTraces = 50_000, maxAgeMs = 60_000 } = options.filter ?? {};
  const denied = createDeniedTraces(maxTraces, maxAgeMs, clock);
  for (const { name } of rules) counters.filteredSpans[name] = 0;
  const filtered = (rule: string, spans: number): void => {
    counters.filteredSpans[rule] = (counters.filteredSpans[rule] ?? 0) + spans;
  };

  const memory = createMemory(keptBytes);
  const bound = limit({
    memory: options.memory,
    stampBytes: stampedBytes(attributes),
    usedBytes: () => process.memoryUsage.rss(),
    clock,
    random,
    refused: (reason, items) => (counters.refusedItems[reason] += items),
  });
  const unwanted = filter({ rules, denied, filtered });
  // Rules judge what was sent; the observer, which may keep what it sees, gets nothing that redaction takes out.
  const stages = [
    stamp({ attributes, spoofed: (count) => (counters.spoofedAttributes += count), allocate: memory.take }),
    unwanted.mark,
    redact({ policy: options.redact, redacted: () => (counters.redactedBatches += 1) }),
    tap({ observe, failed: observerFailed }),
    unwanted.drop,
  ];
  const names = settings.map((destination) => destination.name);
  const named = (chosen: readonly string[]): DestinationBranch[] =>
    branches.filter(({ destination }) => chosen.includes(destination.name));
  const entry = pipeline(
    bound,
    ...stages,
    route(routes, names, (chosen) => fanOut(named(chosen))),
  );
  const takesTraces = ({ signals }: DestinationBranch): boolean => signals.includes("traces");
  const reserve = createReservations(
    pipeline(
      ...stages,
      route(routes, names, (chosen) => placeInto(named(chosen).filter(takesTraces))),
    ),
    attributes,
    branches.filter(takesTraces),
  );

  let closed: Promise<void> | undefined;

  return {
    accept: (batch, signal) => entry.accept(batch, signal),
    holds: true,
    reserve,
    allocate: memory.take,
    repair(repair) {
      if (repairing === undefined) throw new TypeError("repair is off: the pipeline was created without it");
      repairs.add(repair);
    },
    ledger: () => ledger.rows(),
    destinations: () => branches.map(stateOf),
    requested(traceId, path) {
      const rule = unwanted.ruleOfPath(path);
      if (rule !== undefined) denied.deny(traceId, rule);
    },
    counters: () => ({
      ...counters,
      filteredSpans: { ...counters.filteredSpans },
      refusedItems: { ...counters.refusedItems },
    }),
    // Front to back: each queue takes nothing more, its batch stage flushes, what is out is waited for, then the
    // connection closes. When the signal aborts, every queue counts what it still holds as dropped{shutdown}.
    // A second call waits for the first.
    close: (signal) => (closed ??= entry.close(signal)),
  };
}

/** Spans of a trace are exported over minutes, and the late ones must follow the others. */
const REPAIRS_KEPT_MS = 600_000;

function stateOf({
  destination,
  reachability,
  sink,
  sampler,
  sizes,
  flushes,
  lateness,
}: DestinationBranch): DestinationState {
  return {
    name: destination.name,
    region: destination.region,
    signals: destination.signals,
    reachable: reachability.reachable,
    queueBytes: sink.usedBytes,
    queueCapacityBytes: sink.capacityBytes,
    lastFailure: reachability.lastFailure,
    flushes: { ...flushes },
    flushLatenessMs: lateness.totalMs,
    batchSizes: sizes(),
    sampling: sampler.state,
  };
}
