/**
 * Decides on traces once they have had time to be complete, behind the queue: what waits for a decision is still the
 * queue's, in its bytes and, where it is on disk, after a kill.
 */
import { forEachSpan } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import type { Clock, Timer } from "../clock.ts";
import type { Account } from "../ledger.ts";
import { accepted } from "../outcome.ts";
import type { Sink } from "../stage.ts";
import { entryBytes } from "../stages/queue.ts";
import { applyChoices } from "./choice.ts";
import type { Choice } from "./choice.ts";
import { decide } from "./decide.ts";
import { createDecisions } from "./decisions.ts";
import type { Held } from "./held.ts";
import type { TailSample } from "./options.ts";
import { definePolicy } from "./policy.ts";
import { Tally } from "./tally.ts";
import type { DecisionCause, SamplingState } from "./tally.ts";
import { Trace } from "./trace.ts";
import { createWatches } from "./watch.ts";

export interface TailOptions {
  readonly sample: TailSample;
  readonly account: Account;
  readonly clock: Clock;
}

export interface Tail extends Sink {
  readonly state: SamplingState;
}

/** Traces are looked after no more often than this. */
const tickMs = 50;

export function createTail({ sample, account, clock }: TailOptions, next: Sink): Tail {
  const { decisionWaitMs, afterRootMs, maxBytes, numTraces } = sample;
  const watches = createWatches();
  const policies = sample.policies.map((options) => definePolicy(options, watches, clock));
  const decisions = createDecisions(sample.sampledCacheSize, sample.nonSampledCacheSize);
  const tally = new Tally();
  /** Undecided, oldest first; and those whose root has come, in the order of the roots, with the time of each. */
  const open = new Map<string, Trace>();
  const rooted = new Map<Trace, number>();
  let heldBytes = 0;
  let timer: Timer | undefined;
  let wakeMs = Infinity;
  let closing = false;

  const settle = (trace: Trace, choice: Choice, cause: DecisionCause): void => {
    trace.choice = choice;
    open.delete(trace.id);
    rooted.delete(trace);
    decisions.set(trace.id, choice);
    choice.take?.(trace.spans);
    tally.decided(choice, cause, clock.now() - trace.firstMs);
    const { held } = trace;
    trace.held = [];
    for (const each of held) if (--each.undecided === 0) release(each);
  };

  const settleNow = (trace: Trace, cause: DecisionCause): void => {
    const choice = decide(policies, trace, true);
    if (choice !== undefined) settle(trace, choice, cause);
  };

  const release = ({ batch, traces, signal, outcome }: Held): void => {
    heldBytes -= batch.bytes + entryBytes;
    let at = 0;
    // A batch is released when none of its traces is undecided.
    const { batch: kept, left } = applyChoices(batch, () => (traces[at++] as Trace).choice as Choice);
    for (const [policy, spans] of left) account.settled("queued", batch.signal, spans, { sampledOut: policy });
    outcome.resolve(kept.items === 0 && batch.items > 0 ? accepted : next.accept(kept, signal));
  };

  const dueMs = (): number => {
    const [first] = open.values();
    const [root] = rooted.values();
    return Math.min(
      first === undefined ? Infinity : first.firstMs + decisionWaitMs,
      root === undefined ? Infinity : root + afterRootMs,
    );
  };

  const arm = (): void => {
    const nowMs = clock.now();
    const atMs = Math.max(nowMs + tickMs, dueMs());
    if (atMs >= wakeMs || closing) return;
    timer?.cancel();
    wakeMs = atMs;
    timer = clock.after(atMs - nowMs, tick);
  };

  const tick = (): void => {
    wakeMs = Infinity;
    const nowMs = clock.now();
    const isDue = (atMs: number): boolean => {
      if (atMs <= nowMs) tally.latenessMs += nowMs - atMs;
      return atMs <= nowMs;
    };
    for (const trace of open.values()) {
      if (!isDue(trace.firstMs + decisionWaitMs)) break;
      settleNow(trace, "due");
    }
    for (const [trace, rootMs] of rooted) {
      if (!isDue(rootMs + afterRootMs)) break;
      settleNow(trace, "due");
    }
    arm();
  };

  const makeRoom = (): void => {
    for (const trace of open.values()) {
      if (open.size <= numTraces && heldBytes <= maxBytes) return;
      settleNow(trace, open.size > numTraces ? "traces" : "bytes");
    }
  };

  const hold = (batch: Batch, signal: AbortSignal): { readonly held: Held; readonly touched: readonly Trace[] } => {
    const nowMs = clock.now();
    const traces: Held["traces"][number][] = [];
    const held: Held = { batch, traces, undecided: 0, signal, outcome: Promise.withResolvers() };
    const touched: Trace[] = [];
    const known = new Map<string, Held["traces"][number]>();
    forEachSpan(batch, (span) => {
      const id = span.traceId();
      let trace = known.get(id);
      if (trace === undefined) {
        const choice = decisions.get(id);
        const found = choice === undefined ? (open.get(id) ?? new Trace(span, nowMs, watches.count)) : { choice };
        known.set(id, (trace = found));
        if (found instanceof Trace) {
          open.set(id, found);
          found.held.push(held);
          touched.push(found);
          held.undecided++;
        }
      }
      traces.push(trace);
      if (trace instanceof Trace) {
        trace.count(span);
        watches.look(span, trace);
        if (afterRootMs > 0 && !rooted.has(trace) && span.parentSpanId() === "") rooted.set(trace, nowMs);
      } else if (trace.choice !== undefined) {
        tally.lateSpans[trace.choice.sampled ? "sampled" : "notSampled"]++;
        trace.choice.take?.(1);
      }
    });
    heldBytes += batch.bytes + entryBytes;
    return { held, touched };
  };

  return {
    get state() {
      return tally.state({ traces: open.size, bytes: heldBytes, maxBytes, maxTraces: numTraces });
    },
    accept(batch, signal) {
      if (batch.signal !== "traces") return next.accept(batch, signal);
      const { held, touched } = hold(batch, signal);
      if (held.undecided === 0) release(held);
      const isLast = closing || decisionWaitMs === 0;
      for (const trace of touched) {
        const choice = decide(policies, trace, isLast);
        if (choice !== undefined) settle(trace, choice, closing ? "close" : "final");
      }
      makeRoom();
      arm();
      return held.outcome.promise;
    },
    async close(signal) {
      closing = true;
      timer?.cancel();
      for (const trace of open.values()) settleNow(trace, "close");
      await next.close(signal);
    },
  };
}
