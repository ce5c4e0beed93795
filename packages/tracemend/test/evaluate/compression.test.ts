/** Load by compression: as many in a second as wanted once the known ones are past, each once and in its order. */
import { expect, test } from "vitest";
import { startsCompressed } from "../../src/evaluate/compression.ts";
import { shop } from "./shop.ts";

test.each([40, 400])("what follows the known ones comes at %i a second", (requestsPerSecond) => {
  const { starts, turnMs } = startsCompressed(shop(), requestsPerSecond);
  const first = starts.filter(({ atMs }) => atMs < turnMs);
  const rest = starts.filter(({ atMs }) => atMs >= turnMs);
  const restMs = (rest.at(-1)?.atMs ?? 0) - turnMs;
  expect(first.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 30 }, (_, at) => at * 100));
  expect((70 / restMs) * 1_000).toBeCloseTo(requestsPerSecond);
  expect(new Set(starts.map(({ trace }) => trace)).size).toBe(100);
  expect(starts.every(({ atMs }, at) => atMs >= (starts[at - 1]?.atMs ?? 0))).toBe(true);
});

test("a recording that is busier stays as it is", () => {
  const { starts } = startsCompressed(shop(), 1);
  expect(starts.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 100 }, (_, at) => at * 100));
});
