import { createIds } from "@tracemend/context";
import type { RepairDecision } from "@tracemend/diagnosis";
import type { Batch } from "@tracemend/otlp";
import { forEachSpan } from "@tracemend/otlp";
import type { Outcome, SpanRepair } from "@tracemend/pipeline";
import { describe, expect, it } from "vitest";
import { createRepairs } from "../src/repairs.ts";

const ids = createIds((bytes) => bytes.fill(7));
const [lost, root] = [
  { traceId: "a".repeat(32), spanId: "b".repeat(16) },
  { traceId: "c".repeat(32), spanId: "d".repeat(16) },
];
const made = { confidence: 1, atMs: 5_000, dryRun: false };
const link: RepairDecision = { ...made, action: "add-link", reason: "same-request-id", span: lost, to: root };

function open(answer: Outcome = { kind: "accepted" }) {
  const batches: Batch[] = [];
  const applied: SpanRepair[] = [];
  const pipeline = {
    async accept(batch: Batch) {
      batches.push(batch);
      return answer;
    },
    repair: (repair: SpanRepair) => void applied.push(repair),
  };
  const repairs = createRepairs({ pipeline, ids, resource: { "service.name": "tracemend" }, version: "1" });
  return { applied, batches, repairs };
}

describe("decisions on torn traces", () => {
  it("are only counted and shown where they are a dry run", () => {
    const { applied, batches, repairs } = open();
    repairs.decided({ ...link, dryRun: true });
    expect([applied, batches]).toEqual([[], []]);
    expect(repairs.counts()).toEqual([{ action: "add-link", reason: "same-request-id", state: "decided", count: 1 }]);
    expect(repairs.recent()).toMatchObject([{ dryRun: true }]);
  });

  it("to link go out as a span of our own below the one that was forwarded", async () => {
    const { batches, repairs } = open();
    repairs.decided(link);
    await Promise.resolve();
    forEachSpan(batches[0] as Batch, (span) => {
      expect([span.traceId(), span.parentSpanId()]).toEqual([lost.traceId, lost.spanId]);
      expect(span.links()).toMatchObject([root]);
      expect(span.resourceAttribute("service.name")).toBe("tracemend");
    });
    expect(repairs.counts()).toMatchObject([{ state: "written", count: 1 }]);
  });

  it("are counted as dropped where there was no room for the link", async () => {
    const { repairs } = open({ kind: "busy", retryAfterMs: 1 });
    repairs.decided(link);
    repairs.decided(link);
    await Promise.resolve();
    expect(repairs.counts()).toMatchObject([{ state: "dropped", count: 2 }]);
  });

  it("on spans of others are the pipeline's to write", () => {
    const { applied, repairs } = open();
    const parent = { ...made, reason: "ghost-parent", span: root, from: "e".repeat(16), to: lost.spanId } as const;
    repairs.decided({ ...parent, action: "set-parent" });
    repairs.decided({
      ...made,
      action: "restore-trace-id",
      reason: "truncated-trace-id",
      span: root,
      to: lost.traceId,
    });
    repairs.decided({ ...made, action: "move-trace", reason: "answer", span: root, to: lost });
    expect(applied).toEqual([
      { kind: "set-parent", ...root, from: parent.from, to: lost.spanId },
      { kind: "move-trace", traceId: root.traceId, to: lost.traceId },
      { kind: "move-trace", traceId: root.traceId, to: lost.traceId, parentId: lost.spanId },
    ]);
  });

  it("of the last are remembered, and no more than so many", () => {
    const { repairs } = open();
    for (let at = 0; at < 80; at += 1) repairs.decided({ ...link, atMs: at, dryRun: true });
    expect(repairs.recent()).toHaveLength(50);
    expect(repairs.recent()[0]?.atMs).toBe(79);
  });
});
