import { describe, expect, it } from "vitest";
import { createTimingModel, learnPair, leastDelays, logLikelihood, logLikelihoodFloor } from "../src/timing-model.ts";

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
    for (let at = 0; at < 300; at += 1) learnPair(model, -48, 55);
    expect(leastDelays(model).startMs).toBeLessThan(-40);
    expect(leastDelays(model).startMs).toBeGreaterThan(-70);
    expect(leastDelays(model).endMs).toBe(0);
  });

  it("follows a change", () => {
    const model = createTimingModel();
    for (let at = 0; at < 20_000; at += 1) learnPair(model, 1, 1);
    for (let at = 0; at < 20_000; at += 1) learnPair(model, 9, 9);
    expect(logLikelihood(model, 9, 9)).toBeGreaterThan(logLikelihood(model, 1, 1) - 5);
  });
});
