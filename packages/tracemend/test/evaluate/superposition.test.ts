/** Load: as many requests as wanted, at about the rate that is wanted, and none of them twice where that would tell. */
import { expect, test } from "vitest";
import { createRandom } from "../../src/evaluate/random.ts";
import { startsInTurn, startsOf } from "../../src/evaluate/superposition.ts";
import { edgeOf, shop } from "./shop.ts";

test.each([10, 40])("%i requests a second come from shifted copies", (requestsPerSecond) => {
  const recording = shop();
  const starts = startsOf(
    recording,
    edgeOf(recording, "shop→stock"),
    { requests: 500, requestsPerSecond, thinned: false },
    createRandom(1),
  );
  const lastMs = starts.at(-1)?.atMs ?? 0;
  expect(starts).toHaveLength(500);
  expect(starts[0]?.atMs).toBe(0);
  expect(500_000 / lastMs).toBeGreaterThan(requestsPerSecond * 0.8);
  expect(500_000 / lastMs).toBeLessThan(requestsPerSecond * 1.3);
  expect(starts.every(({ atMs }, at) => atMs >= (starts[at - 1]?.atMs ?? 0))).toBe(true);
});

test("no trace that comes after the turn was there before it", () => {
  const recording = shop();
  const { starts, turnMs } = startsInTurn(
    recording,
    edgeOf(recording, "shop→stock"),
    { requests: 500, requestsPerSecond: 40, thinned: false },
    150,
    createRandom(1),
  );
  const before = new Set(starts.filter(({ atMs }) => atMs < turnMs).map(({ trace }) => trace));
  const after = starts.filter(({ atMs }) => atMs >= turnMs).map(({ trace }) => trace);
  expect(starts.filter(({ atMs }) => atMs < turnMs)).toHaveLength(150);
  expect(after).toHaveLength(350);
  expect(before.size).toBe(50);
  expect(after.some((trace) => before.has(trace))).toBe(false);
});
