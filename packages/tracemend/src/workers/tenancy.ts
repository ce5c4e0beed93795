/** The program's side of a lease: what one worker holds in the queues, and how it is filled, given back, or lost. */
import type { Pipeline, Reservation } from "@tracemend/pipeline";
import type { Handover, LeaseTerms } from "./message.ts";

export interface Tenancy {
  /** Slots held in the queues for this worker. */
  readonly slots: number;
  /** Those of them whose ids may have left, when the worker last told. */
  readonly open: number;
  /** Puts what was handed over into the room that was leased for it. */
  settle(handover: Handover): void;
  /** Leases what the worker lacks, as far as there is room; gives how many slots that are. */
  topUp(): number;
  /** Everything goes back; gives how many slots were open when the worker last told: their spans will never come. */
  end(): number;
}

export function createTenancy(pipeline: Pick<Pipeline, "reserve">, { slotBytes, spare }: LeaseTerms): Tenancy {
  const held: Reservation[] = [];
  let open = 0;
  const release = (count: number): void => {
    for (const room of held.splice(-count, count)) room.release();
  };
  return {
    get slots() {
      return held.length;
    },
    get open() {
      return open;
    },
    settle({ spans, items, filled, returned, open: stillOpen }) {
      open = stillOpen;
      release(returned);
      if (filled === 0) return;
      const [room, ...others] = held.splice(-filled, filled);
      for (const other of others) other.cede();
      // A copy: these bytes are a view of the whole message, which they would keep for as long as they are queued.
      const bytes = new Uint8Array(spans);
      room?.fill({ signal: "traces", parts: [bytes], items, bytes: bytes.length });
    },
    topUp() {
      const before = held.length;
      while (held.length - open < spare) {
        const room = pipeline.reserve(slotBytes);
        if (room === undefined) break;
        held.push(room);
      }
      return held.length - before;
    },
    end() {
      release(held.length);
      return open;
    },
  };
}
