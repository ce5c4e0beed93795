/** Sends crossings as OTLP logs: an observer that holds little, waits for nobody and fails nothing. */
import type * as AsyncHooks from "node:async_hooks";
import type { Observer } from "@tracemend/context";
import { failOpen } from "../fail-open.ts";
import type { CrossingExportOptions, Settings } from "./options.ts";
import { completeOptions } from "./options.ts";
import { envelopeOf, formatCrossing } from "./otlp-json.ts";
import type { Outcome } from "./post.ts";
import { post } from "./post.ts";

/** Every crossing that was told is in exactly one of the others. */
export interface ExportCounts {
  readonly told: number;
  readonly delivered: number;
  /** Turned away by the endpoint: one by one, or a batch as a whole. */
  readonly rejected: number;
  readonly dropped: {
    /** More than `maxBytes` were held. */
    readonly full: number;
    /** The endpoint could not be reached for too long. */
    readonly undelivered: number;
    /** Told after the close. */
    readonly closed: number;
  };
  readonly waiting: number;
}

export interface CrossingExport extends Observer {
  /** Takes no more, and sends what waits: each batch once and at once. */
  close(): Promise<void>;
  counts(): ExportCounts;
}

const TRIES = 6;
const FIRST_RETRY_MS = 1000;
const MAX_BATCH_BYTES = 1_048_576;

/** Throws a `TypeError` that names the option, or the variable, and the value. */
export function createCrossingExport(options: CrossingExportOptions = {}): CrossingExport {
  const settings = completeOptions(options);
  const { maxBatch, maxAgeMs, maxBytes, clock } = settings;
  const [before, after] = envelopeOf(settings.resource);
  const counts = { told: 0, delivered: 0, rejected: 0, dropped: { full: 0, undelivered: 0, closed: 0 }, waiting: 0 };
  const records: string[] = [];
  const pause = createPause(settings);
  const outside = outsideOfRequests();
  let heldBytes = 0;
  let running: Promise<void> | undefined;
  let lostAtMs = 0;
  let closed = false;

  const take = (): readonly string[] => {
    let bytes = 0;
    let count = 0;
    while (count < records.length && count < maxBatch) {
      bytes += (records[count] as string).length;
      if (bytes > MAX_BATCH_BYTES && count > 0) break;
      count += 1;
    }
    return records.splice(0, count);
  };
  const run = async (): Promise<void> => {
    while (records.length > 0) {
      lostAtMs = clock.now() + maxAgeMs + longestDelivery(settings);
      if (!closed && records.length < maxBatch) await pause.wait(maxAgeMs, true);
      const batch = take();
      const outcome = await deliver(before + batch.join(",") + after, settings, pause, () => closed);
      const rejected = outcome.kind === "accepted" ? Math.min(outcome.rejected, batch.length) : batch.length;
      if (rejected > 0) failOpen(() => settings.failed(`${rejected} of ${batch.length} crossings: ${outcome.message}`));
      if (outcome.kind === "later") counts.dropped.undelivered += rejected;
      else counts.rejected += rejected;
      counts.delivered += batch.length - rejected;
      counts.waiting -= batch.length;
      heldBytes -= batch.reduce((sum, record) => sum + record.length, 0);
    }
    running = undefined;
  };

  return {
    crossed(crossing, waitUntil) {
      counts.told += 1;
      if (closed) {
        counts.dropped.closed += 1;
        return;
      }
      const record = formatCrossing(crossing);
      if (heldBytes + record.length > maxBytes) {
        counts.dropped.full += 1;
        return;
      }
      heldBytes += record.length;
      counts.waiting += 1;
      records.push(record);
      // A worker that is ended takes the timers and requests it began with it.
      if (running === undefined || clock.now() > lostAtMs) {
        running = outside(run);
        waitUntil?.(running);
      } else if (records.length >= maxBatch) pause.endCollecting();
    },
    close() {
      closed = true;
      pause.end();
      return running ?? Promise.resolve();
    },
    counts: () => ({ ...counts, dropped: { ...counts.dropped } }),
  };
}

/** Tries until it is taken, refused or given up; once where it is closed. Never rejects. */
async function deliver(body: string, settings: Settings, pause: Pause, isClosed: () => boolean): Promise<Outcome> {
  for (let tried = 1; ; tried += 1) {
    const outcome = await attempt(body, settings);
    if (outcome.kind !== "later" || tried === TRIES || isClosed()) return outcome;
    await pause.wait(Math.max(outcome.afterMs, FIRST_RETRY_MS * 2 ** (tried - 1)), false);
  }
}

async function attempt(body: string, settings: Settings): Promise<Outcome> {
  try {
    return await settings.around(() => post(settings, body));
  } catch (error) {
    return { kind: "later", message: String(error), afterMs: 0 };
  }
}

interface Pause {
  /** Ends by itself after so long, or earlier by `end`; while collecting by `endCollecting` too. */
  wait(ms: number, collecting: boolean): Promise<void>;
  end(): void;
  endCollecting(): void;
}

function createPause({ clock }: Pick<Settings, "clock">): Pause {
  let end = (): void => {};
  let collects = false;
  return {
    wait(ms, collecting) {
      collects = collecting;
      return new Promise((resolve) => {
        const timer = clock.after(ms, resolve);
        end = () => {
          timer.cancel();
          resolve();
        };
      });
    },
    end: () => end(),
    endCollecting: () => {
      if (collects) end();
    },
  };
}

function longestDelivery({ timeoutMs }: Settings): number {
  return TRIES * timeoutMs + FIRST_RETRY_MS * 2 ** TRIES;
}

/**
 * What a request starts runs in that request's asynchronous context: a batch would leave with the context of the request
 * that happened to be its first. Here it runs in the one this was created in. Node hands the module out without an import.
 */
function outsideOfRequests(): <T>(run: () => T) => T {
  const { process } = globalThis as {
    readonly process?: { readonly getBuiltinModule?: (id: "node:async_hooks") => typeof AsyncHooks };
  };
  const hooks = process?.getBuiltinModule?.("node:async_hooks");
  return hooks === undefined ? (run) => run() : hooks.AsyncLocalStorage.snapshot();
}
