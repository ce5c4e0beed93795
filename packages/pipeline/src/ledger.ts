/**
 * The ledger: where every item of every signal is, for each destination. At all times
 * received = exported + dropped (by reason) + refusedByPeer + sampledOut + queued + inFlight.
 */
import type { Signal } from "@tracemend/otlp";

/**
 * Why an accepted item was lost: its queue was full while another destination took it, it can never fit its queue, its
 * retries ran out, the pipeline closed before it was exported, its queue's disk took no more, or gave it back damaged, or
 * a redaction without which it may not leave its region did not take it.
 */
export type DropReason =
  | "queue-full"
  | "too-large"
  | "retry-expired"
  | "shutdown"
  | "disk-full"
  | "corrupt"
  | "residency";

/** Where an item ended. */
export type Fate = "exported" | "refusedByPeer" | { readonly dropped: DropReason } | { readonly sampledOut: string };

export interface LedgerRow {
  readonly destination: string;
  readonly signal: Signal;
  readonly received: number;
  readonly exported: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly refusedByPeer: number;
  readonly sampledOut: number;
  /** The same by the policy that decided. */
  readonly sampledOutBy: Readonly<Record<string, number>>;
  readonly queued: number;
  readonly inFlight: number;
  /** Outside the sum: items whose sender was told to keep them, because nobody had taken them. */
  readonly turnedAway: number;
  /** Of those received: items that an earlier run left in a queue on disk. */
  readonly recovered: number;
}

/** The rows of one destination. Counts are items: spans, data points, log records. */
export interface Account {
  /** Items were taken into the queue. */
  queued(signal: Signal, items: number): void;
  /** Items of an earlier run were found in the queue. */
  recovered(signal: Signal, items: number): void;
  /** Queued items are now being sent. */
  sent(signal: Signal, items: number): void;
  /** Items that were being sent are queued again. */
  unsent(signal: Signal, items: number): void;
  /** Queued items, or items being sent, have met their fate. */
  settled(from: "queued" | "inFlight", signal: Signal, items: number, fate: Fate): void;
  /** Items that never got into the queue although their sender was told that they were accepted. */
  lost(signal: Signal, items: number, reason: DropReason): void;
  turnedAway(signal: Signal, items: number): void;
}

export interface Ledger {
  account(destination: string): Account;
  rows(): readonly LedgerRow[];
}

type Open = { -readonly [K in keyof LedgerRow]: LedgerRow[K] } & {
  dropped: Record<DropReason, number>;
  sampledOutBy: Record<string, number>;
};

export function createLedger(): Ledger {
  const books: Map<Signal, Open>[] = [];
  return {
    account(destination) {
      const book = new Map<Signal, Open>();
      books.push(book);
      return createAccount(destination, book);
    },
    rows: () =>
      books.flatMap((book) =>
        Array.from(book.values(), (row) => ({
          ...row,
          dropped: { ...row.dropped },
          sampledOutBy: { ...row.sampledOutBy },
        })),
      ),
  };
}

function createAccount(destination: string, book: Map<Signal, Open>): Account {
  const open = (signal: Signal): Open => {
    let row = book.get(signal);
    if (row === undefined) {
      row = emptyRow(destination, signal);
      book.set(signal, row);
    }
    return row;
  };
  const end = (row: Open, items: number, fate: Fate): void => {
    if (typeof fate === "string") row[fate] += items;
    else if ("dropped" in fate) row.dropped[fate.dropped] += items;
    else {
      row.sampledOut += items;
      row.sampledOutBy[fate.sampledOut] = (row.sampledOutBy[fate.sampledOut] ?? 0) + items;
    }
  };
  return {
    queued(signal, items) {
      const row = open(signal);
      row.received += items;
      row.queued += items;
    },
    sent(signal, items) {
      const row = open(signal);
      row.queued -= items;
      row.inFlight += items;
    },
    recovered(signal, items) {
      if (items === 0) return;
      const row = open(signal);
      row.received += items;
      row.recovered += items;
      row.queued += items;
    },
    unsent(signal, items) {
      const row = open(signal);
      row.inFlight -= items;
      row.queued += items;
    },
    settled(from, signal, items, fate) {
      const row = open(signal);
      row[from] -= items;
      end(row, items, fate);
    },
    lost(signal, items, reason) {
      const row = open(signal);
      row.received += items;
      end(row, items, { dropped: reason });
    },
    turnedAway(signal, items) {
      open(signal).turnedAway += items;
    },
  };
}

function emptyRow(destination: string, signal: Signal): Open {
  return {
    destination,
    signal,
    received: 0,
    exported: 0,
    dropped: {
      "queue-full": 0,
      "too-large": 0,
      "retry-expired": 0,
      shutdown: 0,
      "disk-full": 0,
      corrupt: 0,
      residency: 0,
    },
    refusedByPeer: 0,
    sampledOut: 0,
    sampledOutBy: {},
    queued: 0,
    inFlight: 0,
    turnedAway: 0,
    recovered: 0,
  };
}
