import { expect, test } from "vitest";
import { createBackoff } from "../../src/forward/backoff.ts";

test("waits double up to a second, and start over after a reset", () => {
  const backoff = createBackoff(() => 1);
  const waits = Array.from({ length: 7 }, () => backoff.nextMs());
  expect(waits).toEqual([50, 100, 200, 400, 800, 1_000, 1_000]);
  backoff.reset();
  expect(backoff.nextMs()).toBe(50);
});

test("no wait is shorter than half its interval", () => {
  expect(createBackoff(() => 0).nextMs()).toBe(25);
});
