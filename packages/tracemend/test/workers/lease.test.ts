import { encodeSpans } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import type { Reservation } from "@tracemend/pipeline";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Handover } from "../../src/workers/message.ts";
import { createLease } from "../../src/workers/lease.ts";
import { createTenancy } from "../../src/workers/tenancy.ts";

const SPAN = {
  traceId: "1".repeat(32),
  spanId: "2".repeat(16),
  name: "GET",
  kind: "server",
  startMs: 1,
  endMs: 2,
  attributes: {},
} as const;
const batchOf = (spans: number): Batch =>
  encodeSpans(
    { "service.name": "a" },
    { name: "a", version: "1" },
    Array.from({ length: spans }, () => SPAN),
  );

/** Queues with room for so many slots, and what was put into them. */
function queuesFor(capacity: number) {
  const state = { free: capacity, items: 0, bytes: 0 };
  return {
    state,
    reserve(): Reservation | undefined {
      if (state.free === 0) return undefined;
      state.free -= 1;
      let used = false;
      const release = (): void => {
        if (!used) state.free += 1;
        used = true;
      };
      return {
        release,
        cede: release,
        fill(batch) {
          expect(used).toBe(false);
          release();
          state.items += batch.items;
          state.bytes += batch.bytes;
        },
      };
    },
  };
}

const TERMS = { slotBytes: 1_000, spare: 4 };
const told = (lease: ReturnType<typeof createLease>): Handover => ({
  kind: "handover",
  ...lease.take(),
  crossings: "",
  lost: 0,
});

describe("room that is leased to a worker", () => {
  it("is there once it was granted, for what fits a slot, and never twice", () => {
    const lease = createLease(
      () => TERMS,
      () => undefined,
    );
    expect(lease.reserve(10)).toBeUndefined();
    lease.granted(1);
    expect(lease.reserve(1_001)).toBeUndefined();
    const room = lease.reserve(1_000);
    expect(room).toBeDefined();
    expect(lease.reserve(10)).toBeUndefined();
    room?.release();
    room?.release();
    expect(lease.reserve(10)).toBeDefined();
    expect(lease.reserve(10)).toBeUndefined();
  });

  it("is filled once", () => {
    const lease = createLease(
      () => TERMS,
      () => undefined,
    );
    lease.granted(1);
    const room = lease.reserve(10);
    room?.fill(batchOf(2));
    expect(() => room?.fill(batchOf(2))).toThrow("filled once");
    expect(lease.take()).toMatchObject({ items: 2, filled: 1, open: 0 });
    expect(lease.take()).toMatchObject({ items: 0, filled: 0, open: 0 });
  });

  it("is not free again where it was ceded to what fills another slot", () => {
    const lease = createLease(
      () => TERMS,
      () => undefined,
    );
    lease.granted(2);
    const [one, other] = [lease.reserve(10), lease.reserve(10)];
    one?.cede();
    one?.cede();
    one?.release();
    expect(lease.reserve(10)).toBeUndefined();
    expect(() => one?.fill(batchOf(2))).toThrow("filled once");
    other?.fill(batchOf(4));
    expect(lease.take()).toMatchObject({ items: 4, filled: 2, open: 0 });
  });

  it("goes back where it is too much, and all of it where the spans could not be exported", () => {
    const lease = createLease(
      () => TERMS,
      () => undefined,
    );
    lease.granted(9);
    expect(lease.take().returned).toBe(5);
    lease.withdraw();
    expect(lease.reserve(10)).toBeUndefined();
    expect(lease.take().returned).toBe(4);
  });

  it("adds up on both sides whatever a worker does, and no span is lost but those of one that ended", () => {
    const act = fc.oneof(
      { weight: 4, arbitrary: fc.constant("reserve" as const) },
      { weight: 3, arbitrary: fc.constant("fill" as const) },
      fc.constant("cede" as const),
      fc.constant("release" as const),
      { weight: 2, arbitrary: fc.constant("hand over" as const) },
      fc.constant("withdraw" as const),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 200 }), fc.integer({ min: 0, max: 20 }), (acts, capacity) => {
        const queues = queuesFor(capacity);
        const tenancy = createTenancy(queues, TERMS);
        const lease = createLease(
          () => TERMS,
          () => undefined,
        );
        const open: Reservation[] = [];
        let filled = 0;
        const handOver = (): void => {
          const handover = told(lease);
          tenancy.settle(handover);
          expect(tenancy.open).toBe(open.length);
          lease.granted(tenancy.topUp());
        };
        lease.granted(tenancy.topUp());
        for (const what of acts) {
          if (what === "hand over") handOver();
          else if (what === "withdraw") lease.withdraw();
          else if (what === "reserve") {
            const room = lease.reserve(10);
            if (room !== undefined) open.push(room);
          } else if (what === "release") open.pop()?.release();
          else {
            // Both in the slot of one.
            const ceded = what === "cede" && open.length > 1 ? open.pop() : undefined;
            const spans = ceded === undefined ? 2 : 4;
            ceded?.cede();
            const room = open.pop();
            room?.fill(batchOf(spans));
            if (room !== undefined) filled += spans;
          }
          // What is leased and what is free in the queues is all there is.
          expect(queues.state.free + tenancy.slots).toBe(capacity);
          expect(tenancy.slots).toBeGreaterThanOrEqual(open.length);
        }
        handOver();
        expect(queues.state.items).toBe(filled);
        expect(tenancy.end()).toBe(open.length);
        expect(queues.state.free).toBe(capacity);
      }),
    );
  });
});
