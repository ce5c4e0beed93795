/** A bounded number of attempts at a time. */

export interface Turns {
  /** False when those who waited were sent away, or the signal aborted. */
  take(signal: AbortSignal): Promise<boolean>;
  /** The turn is over. */
  done(): void;
  sendAway(): void;
}

export function createTurns(most: number): Turns {
  const waiting = new Set<(isTurn: boolean) => void>();
  let taken = 0;
  return {
    take(signal) {
      if (signal.aborted) return Promise.resolve(false);
      if (taken < most) {
        taken += 1;
        return Promise.resolve(true);
      }
      return new Promise((resolve) => {
        const answer = (isTurn: boolean): void => {
          waiting.delete(answer);
          signal.removeEventListener("abort", abort);
          resolve(isTurn);
        };
        const abort = (): void => answer(false);
        waiting.add(answer);
        signal.addEventListener("abort", abort);
      });
    },
    done() {
      const [first] = waiting;
      if (first === undefined) taken -= 1;
      else first(true);
    },
    sendAway() {
      for (const answer of waiting) answer(false);
    },
  };
}
