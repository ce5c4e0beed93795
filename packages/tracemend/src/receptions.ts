/** What senders of telemetry are answered: counted, and where they do something wrong, told in the log now and then. */
import type { Reception, ReceptionResult } from "@tracemend/pipeline";
import type { Logger } from "./log.ts";
import type { MetricsText } from "./metrics.ts";

export interface ReceptionCount {
  readonly receiver: string;
  readonly result: ReceptionResult;
  readonly requests: number;
  /** Items turned down although the rest of their request was taken. */
  readonly rejected: number;
}

export interface Receptions {
  ended(receiver: string, reception: Reception): void;
  counts(): readonly ReceptionCount[];
}

/** A sender that is wrong is wrong each time. */
const QUIET_MS = 60_000;

export function createReceptions(log: Pick<Logger, "warn">, now: () => number): Receptions {
  const counted = new Map<
    string,
    { -readonly [Key in keyof ReceptionCount]: ReceptionCount[Key] } & { toldMs: number }
  >();
  return {
    ended(receiver, { result, rejected, message }) {
      const key = `${receiver} ${result}`;
      let count = counted.get(key);
      if (count === undefined) {
        count = { receiver, result, requests: 0, rejected: 0, toldMs: -Infinity };
        counted.set(key, count);
      }
      count.requests += 1;
      count.rejected += rejected;
      if (result === "taken" || result === "busy" || now() - count.toldMs < QUIET_MS) return;
      count.toldMs = now();
      log.warn({ receiver, result, cause: message }, "a sender of telemetry was turned down");
    },
    counts: () => Array.from(counted.values(), ({ toldMs: _toldMs, ...count }) => count),
  };
}

export function writeReceptions(out: MetricsText, counts: readonly ReceptionCount[]): void {
  const requests = "tracemend_receiver_requests_total";
  out.family(requests, "counter", "Requests of senders of telemetry, by what they were answered.");
  for (const { receiver, result, requests: count } of counts) out.sample(requests, { receiver, result }, count);
  const rejected = "tracemend_receiver_rejected_items_total";
  out.family(rejected, "counter", "Telemetry items that no reader takes, turned down one by one.");
  for (const one of counts)
    if (one.result === "partial") out.sample(rejected, { receiver: one.receiver }, one.rejected);
}
