import { forEachLog, readBatch } from "@tracemend/otlp";
import { describe, expect, it } from "vitest";
import { BREAK_EVENT, breakLogs, breakMetrics } from "../src/index.ts";
import { createWorld } from "./support/world.ts";

const resource = { "service.name": "tracemend" };

function broken() {
  const world = createWorld();
  for (let at = 0; at < 5; at += 1) {
    world.root(world.forward({ localPort: 50_000 + at }), { attributes: { "network.peer.port": 50_000 + at } });
    world.wait(1_000);
  }
  return { report: world.diagnosis.report(), atMs: world.clock.ms };
}

describe("breaks as log records", () => {
  it("say what the page says, in the trace of an example", () => {
    const { report, atMs } = broken();
    const [found] = report.breaks;
    const batch = breakLogs(resource, report, atMs);
    expect(batch).toMatchObject({ signal: "logs", items: 1 });
    expect(readBatch("logs", batch.parts[0] as Uint8Array).kind).toBe("batch");
    forEachLog(batch, (log) => {
      expect(log.eventName()).toBe(BREAK_EVENT);
      expect(Object.fromEntries(log.attributes())).toMatchObject({
        "tracemend.break.kind": "dropped-by-callee",
        "tracemend.edge.from": "edge",
        "tracemend.edge.to": "shop",
        "tracemend.hop": "service shop",
        "tracemend.break.count": 5,
        "tracemend.break.of": 5,
        "tracemend.break.traffic": "open",
        "tracemend.break.evidence": found?.evidence.join("\n"),
        "tracemend.break.suspects": "97 % service shop\n3 % the hop between edge and service shop",
        "tracemend.break.other_trace_id": found?.examples[0]?.otherTraceId,
      });
    });
  });

  it("are an empty request where nothing is broken", () => {
    expect(breakLogs(resource, createWorld().diagnosis.report(), 1).items).toBe(0);
  });
});

describe("breaks as gauges", () => {
  it("count requests by kind, edge and state", () => {
    const { report, atMs } = broken();
    const batch = breakMetrics(resource, report, atMs);
    const reading = readBatch("metrics", batch.parts[0] as Uint8Array);
    // Three gauges of one break, five states of one edge, six of the ledger.
    expect(reading).toMatchObject({ kind: "batch", batch: { items: 3 + 5 + 6 } });
  });
});
