import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Crossing } from "@tracemend/context";
import type { DiagnosisReport } from "../src/index.ts";
import { createWorld } from "./support/world.ts";

/** Skewed clocks are told of, but break nothing. */
const brokenKinds = (report: DiagnosisReport) =>
  report.breaks.map(({ kind }) => kind).filter((kind) => kind !== "clock-skew");

function conserved({ ledger }: DiagnosisReport): boolean {
  const { observed, matched, missing, waiting, unobserved, evicted } = ledger;
  return observed === matched + missing + waiting + unobserved + evicted;
}

/** What became of one request behind the border. */
const fate = fc.constantFrom("answered", "dropped", "lost", "late");

describe("the laws of a diagnosis", () => {
  it("reports the same whatever the order in which crossings and spans arrive", () => {
    fc.assert(
      fc.property(fc.array(fate, { minLength: 1, maxLength: 12 }), fc.infiniteStream(fc.nat()), (fates, picks) => {
        const run = (shuffle: (events: (() => void)[]) => (() => void)[]) => {
          const world = createWorld();
          const events = fates.flatMap((what, at) => {
            const crossing = world.crossing({ localPort: 50_000 + at });
            const root = world.id(16);
            const other = world.id(32);
            const tell = () => world.diagnosis.crossed(crossing);
            if (what === "lost") return [tell];
            const attributes = { "network.peer.port": 50_000 + at };
            if (what === "dropped") {
              return [tell, () => void world.root(crossing, { attributes, traceId: other, spanId: root })];
            }
            return [tell, () => void world.answer(crossing, { spanId: root })];
          });
          for (const event of shuffle(events)) event();
          world.pass();
          return world.diagnosis.report();
        };
        const order = [...picks.take(24)];
        const shuffled = run((events) =>
          events
            .map((event, at) => ({ event, key: order[at] as number }))
            .toSorted((a, b) => a.key - b.key)
            .map(({ event }) => event),
        );
        const straight = run((events) => events);
        // What is held may differ: a span that comes before its request has to be kept for it.
        const counted = ({ ledger }: DiagnosisReport) => ({ ...ledger, records: 0, bytes: 0 });
        expect(counted(shuffled)).toEqual(counted(straight));
        expect(shuffled.edges).toEqual(straight.edges);
        expect(shuffled.breaks.map(({ kind, count, of }) => ({ kind, count, of }))).toEqual(
          straight.breaks.map(({ kind, count, of }) => ({ kind, count, of })),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("never alarms on an intact stream, however late and skewed its spans are", () => {
    const request = fc.record({ lateMs: fc.nat({ max: 30_000 }), gapMs: fc.nat({ max: 2_000 }) });
    const skew = fc.integer({ min: -2_000, max: 2_000 });
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 40 }), skew, (requests, skewMs) => {
        const world = createWorld();
        let due: { atMs: number; crossing: Crossing }[] = [];
        const deliver = (untilMs: number) => {
          for (const { atMs, crossing } of due.toSorted((a, b) => a.atMs - b.atMs)) {
            if (atMs > untilMs) continue;
            world.wait(Math.max(0, atMs - world.clock.ms));
            world.answer(crossing, { startMs: crossing.startMs + skewMs, endMs: crossing.endMs + skewMs });
            expect(brokenKinds(world.diagnosis.report())).toEqual([]);
          }
          due = due.filter(({ atMs }) => atMs > untilMs);
        };
        for (const { lateMs, gapMs } of requests) {
          due.push({ atMs: world.clock.ms + 1 + lateMs, crossing: world.forward() });
          deliver(world.clock.ms + gapMs);
        }
        deliver(Infinity);
        world.pass();
        const report = world.diagnosis.report();
        expect(brokenKinds(report)).toEqual([]);
        expect(report.ledger).toMatchObject({ matched: requests.length, missing: 0 });
      }),
      { numRuns: 30 },
    );
  });

  it("conserves requests: observed = matched + missing + waiting + unobserved + evicted", () => {
    const step = fc.record({ fate, requests: fc.integer({ min: 1, max: 40 }), waitMs: fc.nat({ max: 20_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const world = createWorld({ maxBytes: 64 * 1024 });
        let observed = 0;
        const late: Crossing[] = [];
        for (const { fate: what, requests, waitMs } of steps) {
          for (let at = 0; at < requests; at += 1) {
            const crossing = world.forward();
            observed += 1;
            if (what === "answered") world.answer(crossing);
            if (what === "dropped") world.root(crossing);
            if (what === "late") late.push(crossing);
          }
          world.wait(waitMs);
          expect(conserved(world.diagnosis.report())).toBe(true);
        }
        for (const crossing of late) world.answer(crossing);
        const report = world.diagnosis.report();
        expect(conserved(report)).toBe(true);
        expect(report.ledger.observed).toBe(observed);
      }),
      { numRuns: 40 },
    );
  });
});
