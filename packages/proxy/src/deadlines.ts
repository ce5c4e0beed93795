/** One timer for every exchange's deadline: arming and moving one costs a field write. */
import type { Clock } from "./clock.ts";

export interface Deadline {
  /** Epoch milliseconds. */
  deadlineMs: number;
  expired(): void;
}

export interface Deadlines {
  add(deadline: Deadline): void;
  remove(deadline: Deadline): void;
}

/** Deadlines are met up to `stepMs` late. The timer runs only while there is one. */
export function createDeadlines(clock: Clock, stepMs: number): Deadlines {
  const open = new Set<Deadline>();
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
  };
}
