import { expect, it } from "vitest";
import { createRate } from "../src/rate.ts";

const takes = (rate: { take(): boolean }, count: number) =>
  Array.from({ length: count }, () => rate.take()).filter(Boolean).length;

it("a rate gives one second's worth at once and then as time passes", () => {
  let nowMs = 0;
  const rate = createRate(10, () => nowMs);
  expect(takes(rate, 20)).toBe(10);
  nowMs = 250;
  expect(takes(rate, 20)).toBe(2);
  nowMs = 60_000;
  expect(takes(rate, 20)).toBe(10);
});

it("a rate below one still gives one, later", () => {
  let nowMs = 0;
  const rate = createRate(0.1, () => nowMs);
  expect(takes(rate, 3)).toBe(1);
  nowMs = 9_999;
  expect(takes(rate, 3)).toBe(0);
  nowMs = 10_000;
  expect(takes(rate, 3)).toBe(1);
});

it("a clock that steps back gives nothing and takes nothing", () => {
  let nowMs = 10_000;
  const rate = createRate(1, () => nowMs);
  expect(takes(rate, 2)).toBe(1);
  nowMs = 0;
  expect(takes(rate, 2)).toBe(0);
  nowMs = 1000;
  expect(takes(rate, 2)).toBe(1);
});
