/** Keeps spans back for a while before they are sent, so that what is found out meanwhile can still be written into them. */
import type { Batch } from "@tracemend/otlp";
import type { Clock, Timer } from "../clock.ts";
import type { Outcome } from "../outcome.ts";
import type { Sink, Stage } from "../stage.ts";

export interface HoldOptions {
  readonly holdMs: number;
  /** Held together; above it the oldest go at once. */
  readonly maxBytes: number;
  readonly clock: Clock;
  /** Told of spans that went before their time. */
  readonly early: (items: number) => void;
}

interface Held {
  readonly batch: Batch;
  readonly signal: AbortSignal;
  readonly dueMs: number;
  readonly answer: PromiseWithResolvers<Outcome>;
}

/** To stand behind a queue: what is held is counted there as queued. Closing lets everything go. */
export function hold(options: HoldOptions): Stage {
  return (next) => createHold(options, next);
}

function createHold({ holdMs, maxBytes, clock, early }: HoldOptions, next: Sink): Sink {
  const held: Held[] = [];
  let heldBytes = 0;
  let timer: Timer | undefined;
  let closing = false;

  const release = (): void => {
    const { batch, signal, answer } = held.shift()!;
    heldBytes -= batch.bytes;
    answer.resolve(next.accept(batch, signal));
  };
  const isOver = (): boolean => heldBytes > maxBytes;
  const trim = (): void => {
    while (isOver()) {
      early(held[0]!.batch.items);
      release();
    }
  };
  const releaseDue = (): void => {
    timer = undefined;
    const nowMs = clock.now();
    while (held.length > 0 && held[0]!.dueMs <= nowMs) release();
    if (held.length > 0) timer = clock.after(held[0]!.dueMs - nowMs, releaseDue);
  };
  return {
    accept(batch, signal) {
      if (batch.signal !== "traces" || closing || signal.aborted) return next.accept(batch, signal);
      const answer = Promise.withResolvers<Outcome>();
      held.push({ batch, signal, dueMs: clock.now() + holdMs, answer });
      heldBytes += batch.bytes;
      trim();
      if (held.length > 0) timer ??= clock.after(holdMs, releaseDue);
      return answer.promise;
    },
    close(signal) {
      closing = true;
      timer?.cancel();
      while (held.length > 0) release();
      return next.close(signal);
    },
  };
}
