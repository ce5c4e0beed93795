/** Whole trials on a synthetic recording: the shipped detector through the real pipeline. */
import { expect, test } from "vitest";
import { BREAK_CLASSES, INTACT, LOOK_ALIKES } from "../../src/evaluate/break-class.ts";
import { createRandom } from "../../src/evaluate/random.ts";
import type { TrialResult } from "../../src/evaluate/trial.ts";
import { runTrial } from "../../src/evaluate/trial.ts";
import { edgeOf, shop } from "./shop.ts";

async function tried(name: string, share: number): Promise<TrialResult> {
  const recording = shop();
  const breakClass = [INTACT, ...BREAK_CLASSES, ...LOOK_ALIKES].find((one) => one.name === name) ?? INTACT;
  const edge = edgeOf(recording, "shop→stock");
  return await runTrial({ recording, edge, breakClass, share, requests: 200, requestsPerSecond: 10, seed: 1 });
}

test.each(["dropped by callee, ports", "stripped, carrier left", "deliberate restart"])(
  "%s is found and named",
  async (name) => {
    const result = await tried(name, 0.5);
    expect(result).toMatchObject({ wanted: true, found: true, topRight: true, falseAlarms: [] });
    expect(result.foundAfterMs).toBeGreaterThanOrEqual(0);
    expect(result.foundAfterRequests).toBeGreaterThan(0);
  },
);

test("an intact stream raises no alarm and is repaired nowhere", async () => {
  const result = await tried("intact", 0);
  expect(result).toMatchObject({
    wanted: false,
    found: false,
    named: "nothing",
    falseAlarms: [],
    restored: 0,
    repairs: [],
  });
  // Two boundaries, and the two services that call over them.
  expect(result.intactWindows).toBe(4);
});

test("entries past the boundary are no break", async () => {
  expect(await tried("entries elsewhere", 0.5)).toMatchObject({ wanted: false, alsoNamed: [], falseAlarms: [] });
});

test("random ids are ids and repeat with the seed", () => {
  const random = createRandom(5);
  const ids = Array.from({ length: 100 }, () => [random.traceId(), random.spanId()] as const);
  expect(ids.every(([trace, span]) => /^[0-9a-f]{32}$/.test(trace) && /^[0-9a-f]{16}$/.test(span))).toBe(true);
  expect(new Set(ids.map(([trace]) => trace)).size).toBe(100);
  expect(createRandom(5).traceId()).toBe(ids[0]?.[0]);
});
