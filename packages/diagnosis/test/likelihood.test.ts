import { describe, expect, it } from "vitest";
import { createLikelihood } from "../src/likelihood.ts";
import { createTimingModel, learnPair } from "../src/timing-model.ts";

describe("the likelihood of a pair", () => {
  it("is greater for delays that are known than for others, however far the clocks differ", () => {
    for (const aheadMs of [0, 45]) {
      const model = createTimingModel();
      for (let at = 0; at < 400; at += 1)
        learnPair(model, aheadMs + 1 + (at % 9) / 10, 2 - aheadMs + (at % 7) / 10, 20 + (at % 11));
      const likelihood = createLikelihood(model);
      likelihood.take(28);
      const known = likelihood.odds(aheadMs + 1.4, 2.3 - aheadMs, 24.3);
      expect(known).toBeGreaterThan(20 * likelihood.odds(aheadMs + 6.4, 2.3 - aheadMs, 19.3));
      expect(known).toBeGreaterThan(20 * likelihood.odds(aheadMs + 1.4, 9.3 - aheadMs, 17.3));
    }
  });

  it("counts what is known of requests of that length: where long ones wait after their span, short ones do not", () => {
    const model = createTimingModel();
    for (let at = 0; at < 200; at += 1) {
      learnPair(model, 2 + (at % 5) / 10, 1 + (at % 3) / 10, 3 + (at % 4) / 10);
      learnPair(model, 2 + (at % 5) / 10, 95 + (at % 3) / 10, 3 + (at % 4) / 10);
    }
    const likelihood = createLikelihood(model);
    likelihood.take(100.5);
    const late = likelihood.odds(93.2, 4, 3.3);
    expect(likelihood.odds(2.2, 95, 3.3)).toBeGreaterThan(100 * late);
    likelihood.take(6.5);
    expect(likelihood.odds(2.2, 1.1, 3.2)).toBeGreaterThan(0.5);
  });

  it("is told against spans of that length that begin anywhere: an odd place is likelier chance's", () => {
    const model = createTimingModel();
    for (let at = 0; at < 400; at += 1) learnPair(model, 2 + (at % 9) / 10, 90 + (at % 7) / 2, 1 + (at % 3) / 10);
    const likelihood = createLikelihood(model);
    likelihood.take(95);
    expect(likelihood.odds(2.4, 91.5, 1.1)).toBeGreaterThan(0.5);
    expect(likelihood.odds(50, 43.9, 1.1)).toBeLessThan(0.001);
  });

  it("tells what known pairs that lie close reach", () => {
    const model = createTimingModel();
    for (let at = 0; at < 400; at += 1) learnPair(model, 1 + (at % 10) / 10, at % 5 === 0 ? 60 : 2, 20);
    const likelihood = createLikelihood(model);
    likelihood.take(23.5);
    expect(likelihood.odds(1.5, 2, 20)).toBeGreaterThanOrEqual(likelihood.closeOdds);
    expect(likelihood.odds(1.5, 30, 20)).toBeLessThan(likelihood.closeOdds);
  });

  it("weighs anew what the known pairs show once one in eight is another", () => {
    const model = createTimingModel();
    const apart = (at: number): void => {
      learnPair(model, 1 + ((at * 37) % 64), 1 + ((at * 23) % 61), 5 + ((at * 11) % 17));
    };
    for (let at = 0; at < 128; at += 1) apart(at);
    createLikelihood(model);
    const { weighed } = model;
    for (let at = 128; at < 145; at += 1) learnPair(model, 1, 30, 20);
    createLikelihood(model);
    expect(model.weighed).toBe(weighed);
    for (let at = 145; at < 150; at += 1) learnPair(model, 1, 30, 20);
    createLikelihood(model);
    expect(model.weighed).not.toBe(weighed);
  });

  it("takes delays that were seen each for itself, but never together, for likelier than delays that nobody saw", () => {
    const model = createTimingModel();
    for (let at = 0; at < 400; at += 1) {
      const startMs = at % 2 === 0 ? 1 + ((at * 7) % 40) / 100 : 9 + ((at * 11) % 40) / 100;
      learnPair(model, startMs, 2 + ((at * 13) % 300) / 100, 20 + ((at * 17) % 500) / 100);
    }
    const likelihood = createLikelihood(model);
    likelihood.take(32);
    expect(likelihood.odds(9.2, 2.2, 20.6)).toBeGreaterThan(20 * likelihood.odds(5.2, 2.2, 24.6));
  });

  it("does not take pairs that repeat themselves for proof that both delays belong together", () => {
    const oddsOfNew = (repeats: number): number => {
      const model = createTimingModel();
      for (let at = 0; at < 448; at += 1) {
        const pair = at % (448 / repeats);
        learnPair(model, 1 + ((pair * 37) % 64), 1 + ((pair * 23) % 61), 5 + ((pair * 11) % 17));
      }
      const likelihood = createLikelihood(model);
      // Both delays are known, but not together.
      likelihood.take(46);
      return likelihood.odds(20, 16, 10);
    };
    expect(oddsOfNew(7)).toBeGreaterThan(oddsOfNew(1) / 4);
  });

  it("keeps a place unlikely that no known pair is near, however many are known elsewhere", () => {
    const model = createTimingModel();
    for (let at = 0; at < 500; at += 1)
      learnPair(model, 1 + (at % 100) / 100, 2 + (at % 70) / 100, 20 + (at % 60) / 10);
    const likelihood = createLikelihood(model);
    likelihood.take(29);
    expect(likelihood.odds(1.5, 2.5, 25)).toBeGreaterThan(10 * likelihood.odds(4.5, 2.5, 22));
  });
});
