/** The batch processor: every five seconds or 512 spans, and batches that are lost, late or doubled. */
import { expect, test } from "vitest";
import type { Emission } from "../../src/evaluate/emission.ts";
import { exportAll } from "../../src/evaluate/exporter.ts";
import { createRandom } from "../../src/evaluate/random.ts";
import type { World } from "../../src/evaluate/world.ts";
import { createWorld } from "../../src/evaluate/world.ts";

const QUIET: World = {
  ...createWorld(createRandom(1)),
  lostBatches: 0,
  lateBatches: 0,
  doubledBatches: 0,
  phaseMs: () => 1_000,
};

function emissionsOf(count: number, everyMs: number): readonly Emission[] {
  return Array.from({ length: count }, (_, at) => ({
    service: "web",
    instance: "web-1",
    endMs: at * everyMs,
    elsewhere: false,
    record: {
      traceId: "1",
      spanId: String(at),
      name: "GET",
      kind: "server",
      startMs: 0,
      endMs: at * everyMs,
      attributes: {},
    },
  }));
}

test("a quiet instance exports what has ended every five seconds", () => {
  const { deliveries } = exportAll(emissionsOf(100, 100), { world: QUIET, random: createRandom(1) });
  expect(deliveries.map(({ records }) => records.length)).toEqual([10, 50, 40]);
  for (const [at, dueMs] of [1_000, 6_000, 11_000].entries()) {
    expect(deliveries[at]?.atMs).toBeGreaterThan(dueMs);
    expect(deliveries[at]?.atMs).toBeLessThan(dueMs + 100);
  }
});

test("a busy instance exports 512 spans at once", () => {
  const { deliveries } = exportAll(emissionsOf(1_100, 0.5), { world: QUIET, random: createRandom(1) });
  expect(deliveries.map(({ records }) => records.length)).toEqual([512, 512, 76]);
});

test("lost batches are gone whole, and their service is known to lose", () => {
  const fault = { service: "web", kind: "lost-batches", share: 1 } as const;
  const { deliveries, lossy, faults } = exportAll(emissionsOf(100, 100), {
    world: QUIET,
    random: createRandom(1),
    fault,
  });
  expect([deliveries.length, [...lossy], faults]).toEqual([0, ["web"], 3]);
});

test("late batches come 5 to 30 seconds later", () => {
  const fault = { service: "web", kind: "late-batches", share: 1 } as const;
  const { deliveries } = exportAll(emissionsOf(10, 100), { world: QUIET, random: createRandom(1), fault });
  expect(deliveries[0]?.atMs).toBeGreaterThan(6_000);
  expect(deliveries[0]?.atMs).toBeLessThan(31_100);
});

test("what is exported elsewhere never comes", () => {
  const emissions = emissionsOf(4, 1).map((emission, at) => ({ ...emission, elsewhere: at % 2 === 0 }));
  const { deliveries, lossy } = exportAll(emissions, { world: QUIET, random: createRandom(1) });
  expect(deliveries.flatMap(({ records }) => records.map(({ spanId }) => spanId))).toEqual(["1", "3"]);
  expect([...lossy]).toEqual(["web"]);
});
