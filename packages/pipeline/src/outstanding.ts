/** Counts work that is under way, and tells when there is none. */

export interface Outstanding {
  begin(): void;
  end(): void;
  /** Resolves once nothing is under way. */
  none(): Promise<void>;
}

export function createOutstanding(): Outstanding {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    begin() {
      count += 1;
    },
    end() {
      count -= 1;
      if (count > 0) return;
      const ready = waiting;
      waiting = [];
      for (const resolve of ready) resolve();
    },
    none() {
      if (count === 0) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
  };
}
