/** One timer for every exchange's deadline: arming and moving one costs a field write. */
import type { Clock } from "./clock.ts";

export interface Deadline {
  /** Epoch milliseconds. */
  deadlineMs: number;
  /** Where it stands among the open ones; -1 where it is not. Kept by `Deadlines`. */
  place: number;
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
  // Not a Set: V8 links each of its outgrown tables to the next, and one that became old keeps every request of all
  // later ones alive until the next full collection.
  const open: T[] = [];
  let armed = false;
  const remove = (deadline: T): void => {
    const { place } = deadline;
    if (place < 0) return;
    deadline.place = -1;
    const last = open.pop();
    if (last === undefined || last === deadline) return;
    open[place] = last;
    last.place = place;
  };
  const sweep = (): void => {
    armed = false;
    const now = clock.now();
    for (const deadline of open.filter(({ deadlineMs }) => deadlineMs <= now)) {
      remove(deadline);
      deadline.expired();
    }
    arm();
  };
  const arm = (): void => {
    if (armed || open.length === 0) return;
    armed = true;
    clock.after(stepMs, sweep);
  };
  return {
    add(deadline) {
      deadline.place = open.push(deadline) - 1;
      arm();
    },
    remove,
    forEach(visit) {
      for (const deadline of open.slice()) visit(deadline);
    },
  };
}
