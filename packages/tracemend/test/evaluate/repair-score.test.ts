/** A decided repair is right only where it joins what was torn. */
import type { RepairDecision } from "@tracemend/diagnosis";
import { expect, test } from "vitest";
import { INTACT } from "../../src/evaluate/break-class.ts";
import { judgeRepair } from "../../src/evaluate/repair-score.ts";
import { createTruth } from "../../src/evaluate/truth.ts";

const truth = createTruth(INTACT, "a→b", "a", "b");
truth.cuts.set("sent", { forwardedTraceId: "T", traceId: "U", spanId: "root" });
truth.cuts.set("lost", { forwardedTraceId: "T", traceId: "T", spanId: undefined });

const by = { confidence: 1, dryRun: true, atMs: 0 };
const link = { ...by, action: "add-link", reason: "same-time" } as const;
const parent = { ...by, action: "set-parent", reason: "ghost-parent", from: "ghost" } as const;
const move = { ...by, action: "move-trace", reason: "answer" } as const;
const id = { ...by, action: "restore-trace-id", reason: "truncated-trace-id" } as const;

test.each<[RepairDecision, boolean]>([
  [{ ...link, span: { traceId: "T", spanId: "sent" }, to: { traceId: "U", spanId: "root" } }, true],
  [{ ...link, span: { traceId: "T", spanId: "sent" }, to: { traceId: "V", spanId: "other" } }, false],
  [{ ...link, span: { traceId: "T", spanId: "intact" }, to: { traceId: "U", spanId: "root" } }, false],
  [{ ...move, span: { traceId: "U", spanId: "root" }, to: { traceId: "T", spanId: "sent" } }, true],
  [{ ...move, span: { traceId: "V", spanId: "other" }, to: { traceId: "T", spanId: "sent" } }, false],
  [{ ...parent, span: { traceId: "T", spanId: "root" }, to: "sent" }, true],
  [{ ...parent, span: { traceId: "T", spanId: "root" }, to: "lost" }, false],
  [{ ...id, span: { traceId: "U", spanId: "root" }, to: "T" }, true],
  [{ ...id, span: { traceId: "U", spanId: "root" }, to: "V" }, false],
  [{ ...id, span: { traceId: "U", spanId: "other" }, to: "T" }, false],
])("a decision is right only where it joins what was torn: %#", (decision, right) => {
  expect(judgeRepair(decision, truth)).toEqual({ reason: decision.reason, confidence: 1, right });
});
