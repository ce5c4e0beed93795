import { describe, expect, it } from "vitest";
import {
  ANSWERED_ELSEWHERE,
  BARE,
  DESCENDANTS,
  GHOST_PARENT,
  LINKED,
  SAME_CONNECTION,
  SAME_REQUEST,
  SAME_TIME,
  TRUNCATED,
} from "../src/cause.ts";
import type { RepairDecision, RepairFacts, RepairScope } from "../src/index.ts";
import { decideRepair } from "../src/index.ts";
import { createWorld } from "./support/world.ts";

const facts: RepairFacts = {
  cause: SAME_REQUEST,
  forwarded: { traceId: "a".repeat(32), spanId: "b".repeat(16) },
  ownParent: true,
  forwardedMs: 1_000,
  orphan: { traceId: "c".repeat(32), spanId: "d".repeat(16) },
  misplaced: undefined,
  closed: true,
  broken: true,
  confidence: 0.99,
};
const ON: RepairScope = { repair: "on", moveTraces: "off" };
const REPORT: RepairScope = { repair: "report", moveTraces: "off" };
const misplaced = { traceId: "a".repeat(32), spanId: "e".repeat(16), parentId: "f".repeat(16) };

describe("a decision on repair", () => {
  it("sets the parent of a span below a ghost to the span that was forwarded", () => {
    expect(decideRepair({ ...facts, cause: GHOST_PARENT, misplaced }, ON)).toMatchObject({
      action: "set-parent",
      from: misplaced.parentId,
      to: facts.forwarded.spanId,
      atMs: facts.forwardedMs,
      dryRun: false,
    });
  });

  it("gives back the upper half of a trace id", () => {
    expect(decideRepair({ ...facts, cause: TRUNCATED, misplaced }, REPORT)).toMatchObject({
      action: "restore-trace-id",
      to: facts.forwarded.traceId,
      dryRun: true,
    });
  });

  it("links our own span to the root behind it", () => {
    const decision = { action: "add-link", span: facts.forwarded, to: facts.orphan, atMs: facts.forwardedMs };
    for (const cause of [ANSWERED_ELSEWHERE, SAME_REQUEST, SAME_CONNECTION, SAME_TIME]) {
      expect(decideRepair({ ...facts, cause }, ON)).toMatchObject(decision);
    }
  });

  it("moves a whole trace where that is asked for, by exact joins only", () => {
    const moved = { action: "move-trace", span: facts.orphan, to: facts.forwarded, dryRun: false };
    for (const cause of [ANSWERED_ELSEWHERE, SAME_REQUEST, SAME_CONNECTION]) {
      expect(decideRepair({ ...facts, cause, ownParent: false }, { repair: "off", moveTraces: "on" })).toMatchObject(
        moved,
      );
    }
    const scope: RepairScope = { repair: "on", moveTraces: "report" };
    expect(decideRepair(facts, scope)).toMatchObject({ ...moved, dryRun: true });
    expect(decideRepair({ ...facts, cause: SAME_TIME }, scope)).toMatchObject({ action: "add-link" });
  });

  it("never splits a trace whose id went on through a border", () => {
    const open = { ...facts, closed: false };
    expect(decideRepair(open, { repair: "on", moveTraces: "on" })).toMatchObject({ action: "add-link" });
    expect(decideRepair({ ...open, cause: TRUNCATED, misplaced }, ON)).toBeUndefined();
  });

  it("is refused where the span is not ours, or the edge is not surely broken, or nothing was joined", () => {
    expect(decideRepair({ ...facts, ownParent: false }, ON)).toBeUndefined();
    for (const cause of [ANSWERED_ELSEWHERE, SAME_REQUEST, SAME_CONNECTION, SAME_TIME]) {
      expect(decideRepair({ ...facts, cause, broken: false }, ON)).toBeUndefined();
      expect(decideRepair({ ...facts, cause, confidence: 0.95 }, ON)).toBeUndefined();
    }
    for (const cause of [BARE, DESCENDANTS, LINKED, GHOST_PARENT, TRUNCATED]) {
      expect(decideRepair({ ...facts, cause }, ON)).toBeUndefined();
    }
  });
});

describe("a diagnosis that decides repairs", () => {
  it("tells each decision once, and none for intact requests", () => {
    const decisions: RepairDecision[] = [];
    const world = createWorld({ repair: "report", decided: (decision) => decisions.push(decision) });
    for (let at = 0; at < 20; at += 1) world.answer(world.forward());
    const ghost = world.forward();
    const child = world.answer(ghost, { parentSpanId: world.id(16) });
    const lost = world.forward({ requestId: "r-1" });
    const root = world.root(lost, { attributes: { "guid:x-request-id": "r-1" } });
    world.pass();
    world.wait(120_000);
    expect(decisions).toEqual([
      expect.objectContaining({
        action: "add-link",
        span: { traceId: lost.verdict.context?.traceId, spanId: lost.verdict.context?.parentId },
        to: { traceId: root.traceId, spanId: root.spanId },
        dryRun: true,
      }),
      expect.objectContaining({
        action: "set-parent",
        span: { traceId: child.traceId, spanId: child.spanId },
        from: child.parentSpanId,
        to: ghost.verdict.context?.parentId,
        dryRun: true,
      }),
    ]);
  });

  it("moves a trace that stayed here, and only links the one that left through a border", () => {
    const decisions: RepairDecision[] = [];
    const world = createWorld({ repair: "on", moveTraces: "on", decided: (decision) => decisions.push(decision) });
    for (let at = 0; at < 20; at += 1) {
      const id = `r-${at}`;
      const lost = world.forward({ requestId: id });
      const root = world.root(lost, { attributes: { "guid:x-request-id": id } });
      if (at === 19) world.forward({ lines: ["traceparent", `00-${root.traceId}-${root.spanId}-01`] });
    }
    world.pass();
    world.wait(120_000);
    const actions = decisions.map(({ action }) => action);
    expect(actions.filter((action) => action === "move-trace").length).toBeGreaterThan(0);
    expect(actions.filter((action) => action === "add-link")).toHaveLength(1);
  });

  it("sets no parent where one trace passed several ghosts at a time", () => {
    const decisions: RepairDecision[] = [];
    const world = createWorld({ repair: "on", decided: (decision) => decisions.push(decision) });
    const traceId = world.id(32);
    const lines = ["traceparent", `00-${traceId}-${world.id(16)}-01`];
    for (const crossing of [world.forward({ lines }), world.forward({ lines })]) {
      world.answer(crossing, { parentSpanId: world.id(16) });
    }
    world.wait(2_000);
    const later = world.forward({ lines });
    const child = world.answer(later, { parentSpanId: world.id(16) });
    world.pass();
    world.pass();
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "ghost-hop", count: 3 }]);
    expect(decisions).toMatchObject([{ action: "set-parent", span: { spanId: child.spanId } }]);
  });

  it("sets no parent of a span that lies beside the request, where it is known how spans of the edge lie", () => {
    const decisions: RepairDecision[] = [];
    const world = createWorld({ repair: "on", decided: (decision) => decisions.push(decision) });
    for (let known = 0; known < 40; known += 1) {
      world.answer(world.forward());
      world.wait(100);
    }
    const besideMs = [0, 27];
    const children = besideMs.map((ms) => {
      const crossing = world.forward();
      const startMs = crossing.startMs + 1 + ms;
      world.wait(1_000);
      return world.answer(crossing, { parentSpanId: world.id(16), startMs, endMs: startMs + 18 });
    });
    world.pass();
    world.pass();
    expect(decisions).toMatchObject([{ action: "set-parent", span: { spanId: children[0]?.spanId } }]);
  });
});
