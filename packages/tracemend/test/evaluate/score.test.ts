/** Scores: what counts as found, as false alarm, and as right. */
import { expect, test } from "vitest";
import { scoreOf } from "../../src/evaluate/score.ts";
import type { TrialResult } from "../../src/evaluate/trial.ts";

const FOUND: TrialResult = {
  recording: "shop",
  edge: "a→b",
  code: "B2",
  breakClass: "dropped",
  wanted: true,
  beyond: undefined,
  share: 0.1,
  seed: 1,
  requests: 200,
  requestsPerSecond: 10,
  broken: 20,
  candidates: 1.5,
  found: true,
  named: "dropped-by-callee",
  verdict: "broken",
  foundAfterRequests: 40,
  foundAfterMs: 9_000,
  alsoNamed: [],
  intactWindows: 4,
  falseAlarms: [],
  topRight: true,
  repairable: 10,
  repairs: [true, true, true, false].map((right) => ({ reason: "same-time", confidence: 0.995, right })),
  restored: 2,
  restoredWrong: 1,
};
const MISSED: TrialResult = { ...FOUND, found: false, named: "nothing", topRight: false, repairs: [] };
const LOOK_ALIKE: TrialResult = { ...MISSED, breakClass: "late spans", wanted: false };

test("recall is taken apart for rare breaks", () => {
  const score = scoreOf([FOUND, MISSED, { ...FOUND, share: 0.02 }]);
  expect(score.recall).toEqual({ hits: 1, of: 2 });
  expect(score.recallRare).toEqual({ hits: 1, of: 1 });
  expect(score.topRight).toEqual({ hits: 1, of: 2 });
  expect(score.classes[0]).toMatchObject({
    medianRequests: 40,
    medianSeconds: 9,
    named: { nothing: 1, "dropped-by-callee": 2 },
  });
});

test("several false alarms in one window are one, and a look-alike is a window of its own", () => {
  const alarms = ["ghost-hop", "context-leak"].map((kind) => ({ boundary: "b→c", kind }));
  const score = scoreOf([{ ...FOUND, falseAlarms: alarms }, { ...LOOK_ALIKE, alsoNamed: ["ghost-hop"] }, LOOK_ALIKE]);
  expect(score.falseAlarms).toEqual({ hits: 2, of: 14 });
  expect(score.precision).toEqual({ hits: 1, of: 3 });
  expect(score.lookAlikes).toEqual({ hits: 1, of: 2 });
});

test("repairs by time are counted by candidates and by confidence", () => {
  const score = scoreOf([FOUND, { ...FOUND, candidates: 20 }, MISSED]);
  expect(score.byCandidates).toEqual({ "at most 2": { hits: 3, of: 4 }, "above 16": { hits: 3, of: 4 } });
  expect(score.byConfidence).toEqual({ "99 %": { hits: 6, of: 8 } });
  expect(score.byReason).toEqual({ "same-time": { hits: 6, of: 8 } });
  expect(score.repaired).toEqual({ hits: 6, of: 30 });
  expect(score.restored).toEqual({ hits: 3, of: 6 });
});

test("whatever is repaired on an intact stream is counted", () => {
  expect(scoreOf([{ ...FOUND, broken: 0, wanted: false }, FOUND]).repairsOnIntact).toBe(6);
});

test("each recording has its figures, and each trial that is not as it should be is told by name", () => {
  const alarm = { boundary: "b→c", kind: "ghost-hop" };
  const score = scoreOf([
    { ...FOUND, repairs: [] },
    { ...MISSED, recording: "mill" },
    { ...MISSED, recording: "mill", edge: "b→c", found: true, named: "export-loss", falseAlarms: [alarm] },
    { ...LOOK_ALIKE, alsoNamed: ["ghost-hop"] },
  ]);
  expect(score.recordings).toMatchObject([
    { recording: "shop", edges: 1, trials: 2, recall: { hits: 1, of: 1 }, lookAlikes: { hits: 0, of: 1 } },
    { recording: "mill", edges: 2, trials: 2, recall: { hits: 1, of: 2 }, falseAlarms: { hits: 1, of: 8 } },
  ]);
  expect(score.shortfalls.map(({ recording, edge, what }) => `${recording} ${edge}: ${what}`)).toEqual([
    "mill a→b: not found (20 of 200 requests)",
    "mill b→c: first named export-loss",
    "mill b→c: false alarm: ghost-hop at b→c",
    "shop a→b: taken for ghost-hop",
  ]);
});
