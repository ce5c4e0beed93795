/** What a worker has to tell the program: collected for a moment, then handed over in one message. */
import type { Passed, PassedObserver } from "@tracemend/proxy";
import { packCrossings } from "./crossings.ts";
import type { Lease } from "./lease.ts";
import { createLease } from "./lease.ts";
import type { Handover, LeaseTerms } from "./message.ts";

export interface Outbox extends PassedObserver {
  readonly lease: Lease;
  /** Runs right before the next handover, which comes soon. */
  before(run: () => void): void;
  /** The program has dealt with one handover. */
  taken(): void;
  /** Hands over what there is, and resolves once the program has dealt with all of it. */
  empty(): Promise<void>;
}

export interface OutboxOptions {
  readonly terms: () => LeaseTerms;
  readonly send: (handover: Handover) => void;
  /** Runs later what is to be told together. */
  readonly soon: (run: () => void) => void;
}

/** Handovers that the program has not dealt with: beyond them it is not sent more. */
const MOST_UNTAKEN = 8;

/** Crossings that are kept meanwhile, about 10 MB. Spans are bounded by the slots that are leased. */
const MOST_CROSSINGS = 8_192;

export function createOutbox({ terms, send, soon }: OutboxOptions): Outbox {
  let crossings: Passed[] = [];
  let lost = 0;
  let untaken = 0;
  let due = false;
  let told = false;
  let preparing: (() => void)[] = [];
  let emptied: (() => void) | undefined;
  const flush = (): void => {
    if (!told || untaken >= MOST_UNTAKEN) return;
    const runs = preparing;
    preparing = [];
    for (const run of runs) run();
    told = false;
    untaken += 1;
    const handover: Handover = { kind: "handover", ...lease.take(), crossings: packCrossings(crossings), lost };
    crossings = [];
    lost = 0;
    send(handover);
  };
  const changed = (urgent: boolean): void => {
    told = true;
    if (urgent) flush();
    if (due || !told) return;
    due = true;
    soon(() => {
      due = false;
      flush();
    });
  };
  const lease = createLease(terms, changed);
  const keep = (passed: Passed): void => {
    if (crossings.length < MOST_CROSSINGS) crossings.push(passed);
    else lost += 1;
    changed(false);
  };
  return {
    lease,
    before(run) {
      preparing.push(run);
      changed(false);
    },
    crossed: keep,
    mirrored: keep,
    taken() {
      untaken -= 1;
      if (told && !due) changed(false);
      if (untaken === 0 && !told) emptied?.();
    },
    empty() {
      const { promise, resolve } = Promise.withResolvers<void>();
      emptied = resolve;
      told = true;
      if (!due) flush();
      return promise;
    },
  };
}
