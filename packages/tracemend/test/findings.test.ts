import { createDiagnosis, decodeCrossings } from "@tracemend/diagnosis";
import type { DiagnosisReport } from "@tracemend/diagnosis";
import type { Batch } from "@tracemend/otlp";
import type { Outcome } from "@tracemend/pipeline";
import { describe, expect, it } from "vitest";
import { createFindings } from "../src/findings.ts";
import { crossingOf } from "./crossing.ts";

function open(send: { breaks?: boolean; crossings?: boolean } = {}) {
  const state = { nowMs: 1_000_000, answer: { kind: "accepted" } as Outcome, hang: false };
  const batches: Batch[] = [];
  const report: DiagnosisReport = createDiagnosis({ now: () => state.nowMs }).report();
  const findings = createFindings({
    pipeline: {
      accept(batch) {
        batches.push(batch);
        return state.hang ? new Promise<Outcome>(() => {}) : Promise.resolve(state.answer);
      },
    },
    resource: { "service.name": "tracemend" },
    report: () => report,
    send: { breaks: false, crossings: false, intervalMs: 60_000, ...send },
    now: () => state.nowMs,
  });
  const countOf = (finding: string) => findings.counts().find((count) => count.finding === finding);
  return { state, batches, findings, countOf };
}

describe("what was found", () => {
  it("is sent once in each interval, and nothing where nothing broke but the gauges", async () => {
    const { batches, countOf, findings, state } = open({ breaks: true });
    findings.tick();
    expect(batches).toEqual([]);
    state.nowMs += 60_000;
    findings.tick();
    findings.tick();
    await findings.close();
    expect(batches.map(({ signal }) => signal)).toEqual(["metrics"]);
    expect(countOf("edge")).toMatchObject({ sent: batches[0]?.items, dropped: 0 });
  });

  it("tells crossings at the next tick, as records that can be read back", async () => {
    const { batches, countOf, findings } = open({ crossings: true });
    findings.crossed(crossingOf([]));
    findings.crossed(crossingOf([]));
    expect(batches).toEqual([]);
    findings.tick();
    await findings.close();
    expect(decodeCrossings(batches[0] as Batch).crossings).toHaveLength(2);
    expect(countOf("crossing")).toMatchObject({ sent: 2, dropped: 0 });
  });

  it("keeps no crossing where none is to be sent", async () => {
    const { batches, findings } = open({ breaks: true });
    findings.crossed(crossingOf([]));
    await findings.close();
    expect(batches).toEqual([]);
  });

  it("is counted as dropped where no destination has room", async () => {
    const { countOf, findings, state } = open({ crossings: true });
    state.answer = { kind: "busy", retryAfterMs: 1 };
    findings.crossed(crossingOf([]));
    await findings.close();
    expect(countOf("crossing")).toMatchObject({ sent: 0, dropped: 1 });
  });

  it("never waits in more than a bounded number of batches", () => {
    const { batches, countOf, findings, state } = open({ crossings: true });
    state.hang = true;
    for (let at = 0; at < 512 * 10; at += 1) findings.crossed(crossingOf([]));
    expect(batches).toHaveLength(8);
    expect(countOf("crossing")).toMatchObject({ dropped: 512 * 2 });
  });
});
