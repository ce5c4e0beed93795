/** Room held for spans of our own: a span id may leave in a header only when its span is sure to be taken for export. */
import type { Batch } from "@tracemend/otlp";
import type { DestinationBranch } from "./branch.ts";
import { accepted } from "./outcome.ts";
import type { Sink } from "./stage.ts";

export interface Reservation {
  /**
   * Puts the batch into the room held, through the same stages as any other batch. Never fails the first time: a batch
   * larger than what was reserved goes in all the same, past the queue's bound. Throws a TypeError once the reservation
   * is filled, ceded or released.
   */
  fill(batch: Batch): void;
  /** Gives the room to the batch that another reservation is filled with next, in the same turn. */
  cede(): void;
  /** Gives the room back; does nothing once it is filled, ceded or released. */
  release(): void;
}

const forever = new AbortController().signal;

/** Puts a batch into the queue of every branch, past their bounds: room was held for it. */
export function placeInto(branches: readonly DestinationBranch[]): Sink {
  return {
    accept(batch) {
      for (const { sink } of branches) sink.place(batch);
      return Promise.resolve(accepted);
    },
    close: () => Promise.resolve(),
  };
}

/**
 * `branches` are the destinations that take traces. `entry` leads to their queues, and must get there before it first
 * waits: the room held is given back in the same turn.
 */
export function createReservations(
  entry: Sink,
  attributes: Readonly<Record<string, string>>,
  branches: readonly DestinationBranch[],
): (bytes: number) => Reservation | undefined {
  const overheadBytes = stampedBytes(attributes);

  return (bytes) => {
    if (branches.length === 0) return undefined;
    for (const { reachability } of branches) {
      if (!reachability.reachable) return undefined;
    }
    const heldBytes = bytes + overheadBytes;
    for (let index = 0; index < branches.length; index++) {
      if ((branches[index] as DestinationBranch).sink.hold(heldBytes)) continue;
      for (let held = 0; held < index; held++) (branches[held] as DestinationBranch).sink.unhold(heldBytes);
      return undefined;
    }
    return new HeldRoom(heldBytes, branches, entry);
  };
}

class HeldRoom implements Reservation {
  readonly #bytes: number;
  readonly #branches: readonly DestinationBranch[];
  readonly #entry: Sink;
  #used = false;

  constructor(bytes: number, branches: readonly DestinationBranch[], entry: Sink) {
    this.#bytes = bytes;
    this.#branches = branches;
    this.#entry = entry;
  }

  fill(batch: Batch): void {
    if (this.#used) throw new TypeError("a reservation is filled once, and not after its release");
    this.release();
    // The stages before the queue are synchronous, so nobody else can take the room in between.
    void this.#entry.accept(batch, forever);
  }

  cede(): void {
    this.release();
  }

  release(): void {
    if (this.#used) return;
    this.#used = true;
    for (const { sink } of this.#branches) sink.unhold(this.#bytes);
  }
}

/** At most so many bytes the stamp adds to a batch of one resource: key, value, and the lengths around them. */
export function stampedBytes(attributes: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(attributes))
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value) + 24;
  return bytes === 0 ? 0 : bytes + 16;
}
