/** Room in the program's queues that a worker was leased: an id leaves only with a slot that its span will fill. */
import type { Batch } from "@tracemend/otlp";
import type { Reservation } from "@tracemend/pipeline";
import type { Handover, LeaseTerms } from "./message.ts";

export interface Lease {
  /** One slot, whatever the bytes; undefined where none is free, or it would not hold as many. */
  reserve(bytes: number): Reservation | undefined;
  granted(slots: number): void;
  /** Every free slot goes back with the next handover. */
  withdraw(): void;
  /** What goes with the next handover; told once. */
  take(): Pick<Handover, "spans" | "items" | "filled" | "returned" | "open">;
}

/** `changed` is told of whatever the program should hear of soon, or at once where half of the free slots are used. */
export function createLease(terms: () => LeaseTerms, changed: (urgent: boolean) => void): Lease {
  let free = 0;
  let open = 0;
  let returned = 0;
  let filled = 0;
  let batches: Batch[] = [];
  const slot = (): Reservation => {
    let used = false;
    const end = (): boolean => {
      if (used) return false;
      used = true;
      open -= 1;
      return true;
    };
    return {
      fill(batch) {
        if (!end()) throw new TypeError("a reservation is filled once, and not after its release");
        filled += 1;
        batches.push(batch);
        changed(false);
      },
      cede() {
        if (end()) filled += 1;
      },
      release() {
        if (end()) free += 1;
      },
    };
  };
  return {
    reserve(bytes) {
      const { slotBytes, spare } = terms();
      const granted = free > 0 && bytes <= slotBytes;
      if (granted) {
        free -= 1;
        open += 1;
      }
      changed(granted && free === Math.floor(spare / 2));
      return granted ? slot() : undefined;
    },
    granted(slots) {
      free += slots;
    },
    withdraw() {
      returned += free;
      free = 0;
      changed(false);
    },
    take() {
      const { spare } = terms();
      // After a burst; half of it is kept, so that the next one does not begin with nothing.
      if (free > 2 * spare) {
        returned += free - spare;
        free = spare;
      }
      const parts = batches.flatMap((batch) => batch.parts);
      const items = batches.reduce((sum, batch) => sum + batch.items, 0);
      const told = { spans: Buffer.concat(parts), items, filled, returned, open };
      batches = [];
      filled = 0;
      returned = 0;
      return told;
    },
  };
}
