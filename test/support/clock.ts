/** A clock that moves only when a test moves it. */
import type { Clock, Timer } from "@tracemend/pipeline";

export interface FakeClock extends Clock {
  /** Moves on, and runs what is due in order of time; what runs sees its own time as now. */
  advance(ms: number): void;
  /** How many timers wait. */
  readonly pending: number;
  /** Resolves once a timer waits that is due in exactly `ms`. */
  whenDueIn(ms: number): Promise<void>;
}

interface Entry {
  readonly atMs: number;
  readonly run: () => void;
}

export function createFakeClock(startMs = 1_700_000_000_000): FakeClock {
  const entries = new Set<Entry>();
  let watchers: { readonly atMs: number; readonly resolve: () => void }[] = [];
  let nowMs = startMs;

  const nextDue = (untilMs: number): Entry | undefined => {
    let next: Entry | undefined;
    for (const entry of entries) {
      if (entry.atMs <= untilMs && (next === undefined || entry.atMs < next.atMs)) next = entry;
    }
    return next;
  };

  return {
    now: () => nowMs,
    after(ms, run): Timer {
      const entry = { atMs: nowMs + ms, run };
      entries.add(entry);
      for (const watcher of watchers) {
        if (watcher.atMs === entry.atMs) watcher.resolve();
      }
      watchers = watchers.filter((watcher) => watcher.atMs !== entry.atMs);
      return { cancel: () => entries.delete(entry) };
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let entry = nextDue(untilMs); entry !== undefined; entry = nextDue(untilMs)) {
        entries.delete(entry);
        nowMs = entry.atMs;
        entry.run();
      }
      nowMs = untilMs;
    },
    get pending() {
      return entries.size;
    },
    whenDueIn(ms) {
      const atMs = nowMs + ms;
      for (const entry of entries) {
        if (entry.atMs === atMs) return Promise.resolve();
      }
      return new Promise((resolve) => {
        watchers.push({ atMs, resolve });
      });
    },
  };
}
