/** One timer for every exchange's deadline: arming and moving one costs a field write. */
import type { Clock } from "./clock.ts";

export interface Deadline {
  /** Epoch milliseconds. */
  deadlineMs: number;
  expired(): void;
}

export interface Deadlines<T extends Deadline> {
  add(deadline: T): void;
  remove(deadline: T): void;
  /** Every one that was added and neither removed nor met. */
  forEach(visit: (deadline: T) => void): void;
}

/** Deadlines are met up to `stepMs` late. The timer runs only while there is one. */
export function createDeadlines<T extends Deadline>(clock: Clock, stepMs: number): Deadlines<T> {
  const open = new Set<T>();
  let armed = false;
  const sweep = (): void => {
    armed = false;
    const now = clock.now();
    for (const deadline of open)
      if (deadline.deadlineMs <= now) {
        open.delete(deadline);
        deadline.expired();
      }
    arm();
  };
  const arm = (): void => {
    if (armed || open.size === 0) return;
    armed = true;
    clock.after(stepMs, sweep);
  };
  return {
    add(deadline) {
      open.add(deadline);
      arm();
    },
    remove(deadline) {
      open.delete(deadline);
    },
    forEach(visit) {
      for (const deadline of open) visit(deadline);
    },
  };
}
