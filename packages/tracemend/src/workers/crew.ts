/**
 * Boundaries in several processes that share their ports. Queues, ledger, diagnosis and pages stay in this one: a worker
 * is leased room for its spans before it uses an id, and hands spans and crossings over.
 */
import type { Pipeline, PipelineEvent } from "@tracemend/pipeline";
import type { PassedObserver } from "@tracemend/proxy";
import type { Boundaries } from "../boundaries.ts";
import { checkBoundaries } from "../boundaries.ts";
import type { Logger } from "../log.ts";
import { unpackCrossings } from "./crossings.ts";
import type { Hand } from "./hand.ts";
import { hire } from "./hand.ts";
import type { BoundaryRefusals, Handover, Job, LeaseTerms, OpenedListener } from "./message.ts";
import { addRefusals } from "./refusals.ts";
import { createTenancy } from "./tenancy.ts";
import { mergeUpstreams } from "./upstreams.ts";

export interface Crew extends Boundaries {
  /** What the pipeline tells: whether its destinations can be reached decides whether room is leased. */
  told(event: PipelineEvent): void;
  state(): CrewState;
}

export interface CrewState {
  /** Those that serve. */
  readonly workers: readonly {
    readonly pid: number;
    readonly startedMs: number;
    readonly crossings: number;
    /** Slots of room held in the queues, and those of them whose ids may have left, when it last told. */
    readonly slots: number;
    readonly open: number;
  }[];
  /** Workers that ended without being told to. */
  readonly crashes: number;
  /** Pairs of spans, and spans of further tries, whose ids such a worker had in use when it last told. */
  readonly lostGrants: number;
  /** Crossings that a worker had no room to keep. */
  readonly lostCrossings: number;
}

export interface CrewOptions {
  readonly count: number;
  readonly pipeline: Pick<Pipeline, "reserve" | "destinations">;
  readonly observer: PassedObserver;
  /** The endpoints of a service could not be found out. */
  readonly lost: (service: string, reason: string) => void;
  readonly listening: (name: string, address: OpenedListener["address"]) => void;
  readonly log: Logger;
  readonly resource: Job["resource"];
  readonly version: string;
  /** What a pair of spans needs in a queue. */
  readonly slotBytes: number;
}

/** A worker that ends again and again is started again later and later. */
const RESTART_MS = 100;
const MOST_RESTART_MS = 10_000;

/** A worker that lived so long starts over with the shortest pause. */
const STEADY_MS = 30_000;

/** After its requests were broken off, a worker that still does not end is killed. */
const KILL_MS = 2_000;

/** All workers together hold at most so much of the smallest queue for requests that are still to come. */
const SPARE_SHARE = 1 / 4;
const MOST_SPARE = 1_024;

export function createCrew(options: CrewOptions): Crew {
  const { count, pipeline, observer, lost, listening, log } = options;
  const addresses = new Map<string, string>();
  const hands = new Set<Hand>();
  const pauses = new Set<NodeJS.Timeout>();
  let job: Job | undefined;
  /** Of workers that have ended. */
  let past: readonly BoundaryRefusals[] = [];
  let crashes = 0;
  let lostGrants = 0;
  let lostCrossings = 0;
  let changing: Promise<void> = Promise.resolve();
  let begun = false;
  let closing = false;
  let ended: (() => void) | undefined;

  const lease = termsOf(options);
  const ready = (): readonly Hand[] => [...hands].filter((hand) => hand.ready);
  const heard = (hand: Hand, handover: Handover): void => {
    hand.tenancy.settle(handover);
    lostCrossings += handover.lost;
    for (const crossing of unpackCrossings(handover.crossings)) {
      hand.crossings += 1;
      if (crossing.mirrored === true) observer.mirrored?.(crossing);
      else observer.crossed(crossing);
    }
    hand.send({ kind: "taken" });
    lend(hand);
  };
  const lend = (hand: Hand): void => {
    const slots = hand.tenancy.topUp();
    if (slots > 0) hand.send({ kind: "room", slots });
  };
  const gone = (hand: Hand, how: string): void => {
    hands.delete(hand);
    past = addRefusals([past, hand.refusals]);
    const open = hand.tenancy.end();
    if (begun && !closing) {
      crashes += 1;
      lostGrants += open;
      log.error({ pid: hand.pid, how, lostGrants: open }, "worker ended");
      const lived = Date.now() - hand.startedMs;
      restart(lived > STEADY_MS ? 0 : hand.failures + 1);
    }
    if (hands.size === 0) ended?.();
  };
  const start = async (failures: number): Promise<void> => {
    const hand = hire(createTenancy(pipeline, lease), failures, { heard, gone, lost });
    hands.add(hand);
    let given: Job;
    try {
      do {
        given = job as Job;
        opened(await hand.apply(given));
        // The others may be given other rules meanwhile.
        await changing;
      } while (given !== job);
    } catch (error) {
      if (begun) hand.kill();
      throw error;
    }
    hand.ready = true;
    lend(hand);
    log.info({ pid: hand.pid }, "worker started");
  };
  const restart = (failures: number): void => {
    const pauseMs = failures === 0 ? 0 : Math.min(MOST_RESTART_MS, RESTART_MS * 2 ** (failures - 1));
    const pause = setTimeout(() => {
      pauses.delete(pause);
      start(failures).catch((error: Error) => log.error({ error: error.message }, "worker not started"));
    }, pauseMs);
    pauses.add(pause);
  };
  const opened = (listeners: readonly OpenedListener[]): void => {
    for (const { name, address } of listeners) {
      const text = JSON.stringify(address);
      if (addresses.get(name) === text) continue;
      addresses.set(name, text);
      listening(name, address);
    }
  };
  const begin = async (first: Job): Promise<void> => {
    job = first;
    const results = await Promise.allSettled(Array.from({ length: count }, () => start(0)));
    const failed = results.find((result) => result.status === "rejected");
    closing = failed !== undefined;
    if (failed !== undefined) throw failed.reason;
    begun = true;
  };

  const change = async (next: Job): Promise<void> => {
    const asked = ready();
    const results = await Promise.allSettled(asked.map((hand) => hand.apply(next)));
    const failed = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
    if (failed.length > 0 && failed.length === results.length) throw failed[0];
    job = next;
    results.forEach((result, at) => {
      if (result.status === "fulfilled") opened(result.value);
      // One that cannot do what the others did begins anew.
      else asked[at]?.kill();
    });
  };

  return {
    async apply(config, pems) {
      checkBoundaries(config, pems.source);
      const next: Job = { config, pems: pems.texts, lease, resource: options.resource, version: options.version };
      if (job === undefined) return await begin(next);
      const changed = change(next);
      changing = changed.catch(() => undefined);
      await changed;
    },
    told({ kind }) {
      if (kind === "unreachable") for (const hand of hands) hand.send({ kind: "withdraw" });
      else if (kind === "reachable") for (const hand of hands) lend(hand);
    },
    refusals: () => addRefusals([past, ...[...hands].map(({ refusals }) => refusals)]),
    upstreams: () => mergeUpstreams([...hands].map(({ upstreams }) => upstreams)),
    state: () => ({
      workers: ready().map(({ pid, startedMs, crossings, tenancy: { slots, open } }) => ({
        pid,
        startedMs,
        crossings,
        slots,
        open,
      })),
      crashes,
      lostGrants,
      lostCrossings,
    }),
    async close(signal) {
      closing = true;
      for (const pause of pauses) clearTimeout(pause);
      if (hands.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      ended = resolve;
      let killing: NodeJS.Timeout | undefined;
      const cut = (): void => {
        for (const hand of hands) hand.send({ kind: "cut" });
        killing = setTimeout(() => {
          for (const hand of hands) hand.kill();
        }, KILL_MS);
      };
      for (const hand of hands) hand.send({ kind: "close" });
      if (signal.aborted) cut();
      else signal.addEventListener("abort", cut, { once: true });
      await promise;
      signal.removeEventListener("abort", cut);
      clearTimeout(killing);
    },
  };
}

function termsOf({ pipeline, slotBytes, count }: CrewOptions): LeaseTerms {
  const queues = pipeline.destinations().filter(({ signals }) => signals.includes("traces"));
  const smallest = Math.min(...queues.map(({ queueCapacityBytes }) => queueCapacityBytes));
  const spare = Math.floor((smallest * SPARE_SHARE) / count / slotBytes);
  return { slotBytes, spare: Math.max(1, Math.min(MOST_SPARE, spare)) };
}
