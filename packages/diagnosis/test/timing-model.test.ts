import { describe, expect, it } from "vitest";
import {
  createTimingModel,
  joinableShare,
  learnClose,
  learnPair,
  learnSure,
  leastDelays,
  logLikelihood,
  logLikelihoodFloor,
  sureShare,
} from "../src/timing-model.ts";

describe("a timing model", () => {
  it("finds the delays it has learned likelier than others", () => {
    const model = createTimingModel();
    for (let at = 0; at < 300; at += 1) learnPair(model, 1 + (at % 3) / 10, 2 + (at % 5) / 10);
    const likely = logLikelihood(model, 1.1, 2.2);
    expect(likely).toBeGreaterThan(logLikelihood(model, 8, 2.2));
    expect(likely).toBeGreaterThan(logLikelihood(model, 1.1, 60));
    expect(likely).toBeGreaterThanOrEqual(logLikelihoodFloor(model));
    expect(logLikelihood(model, 800, 600)).toBeLessThan(logLikelihoodFloor(model));
  });

  it("knows how far spans begin before their request where the clocks differ", () => {
    const model = createTimingModel();
    expect(leastDelays(model)).toEqual({ startMs: 0, endMs: 0 });
    for (let at = 0; at < 100; at += 1) learnPair(model, -48, 55);
    expect(leastDelays(model).endMs).toBe(0);
    for (let at = 0; at < 300; at += 1) learnPair(model, -48, 55);
    expect(leastDelays(model).startMs).toBeLessThan(-40);
    expect(leastDelays(model).startMs).toBeGreaterThan(-70);
    expect(leastDelays(model).endMs).toBeCloseTo(55, 0);
  });

  it("follows a change", () => {
    const model = createTimingModel();
    for (let at = 0; at < 20_000; at += 1) learnPair(model, 1, 1);
    for (let at = 0; at < 40_000; at += 1) learnPair(model, 9, 9);
    expect(logLikelihood(model, 9, 9)).toBeGreaterThan(logLikelihood(model, 1, 1) - 5);
  });

  it("tells delays apart as finely where the clocks differ", () => {
    const lead = (aheadMs: number): number => {
      const model = createTimingModel();
      for (let at = 0; at < 400; at += 1) learnPair(model, aheadMs + 1 + (at % 9) / 10, 2 - aheadMs + (at % 7) / 10);
      return logLikelihood(model, aheadMs + 1.4, 2.3 - aheadMs) - logLikelihood(model, aheadMs + 6.4, 2.3 - aheadMs);
    };
    expect(lead(0)).toBeGreaterThan(3);
    expect(lead(45)).toBeGreaterThan(3);
  });

  it("estimates how many requests have their span among the orphans, against chance", () => {
    const model = createTimingModel();
    expect(joinableShare(model)).toBe(0);
    for (let at = 0; at < 100; at += 1) learnClose(model, at % 4 === 0, 0);
    expect(joinableShare(model)).toBeCloseTo(0.5);
    const chance = createTimingModel();
    for (let at = 0; at < 100; at += 1) learnClose(chance, at % 2 === 0, 0.5);
    expect(joinableShare(chance)).toBe(0);
  });

  it("knows when hardly any pair is sure", () => {
    const model = createTimingModel();
    learnSure(model, 200, 20);
    expect(sureShare(model)).toBeLessThan(0.25);
    learnSure(model, 200, 190);
    expect(sureShare(model)).toBeGreaterThan(0.25);
  });
});
