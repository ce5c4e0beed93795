import type { PipelineEvent } from "@tracemend/pipeline";
import { describe, expect, it } from "vitest";
import { createPipelineLog } from "../src/pipeline-log.ts";

function setUp() {
  let nowMs = 1_000;
  const lines: unknown[] = [];
  const write =
    (level: string) =>
    (fields: object, line: string): void =>
      void lines.push([level, fields, line]);
  const log = createPipelineLog({ info: write("info"), warn: write("warn") } as never, () => nowMs);
  return { log, lines, pass: (ms: number) => (nowMs += ms) };
}

const lost = (items: number, destination = "a"): PipelineEvent => ({
  kind: "dropped",
  destination,
  signal: "traces",
  items,
  reason: "queue-full",
});

describe("the log of the pipeline", () => {
  it("tells the cause beside its own message, and good news as no warning", () => {
    const { log, lines } = setUp();
    log.tell({ kind: "unreachable", destination: "a", message: "connect ECONNREFUSED" });
    log.tell({ kind: "reachable", destination: "a", message: "connected" });
    expect(lines).toEqual([
      [
        "warn",
        { kind: "unreachable", destination: "a", cause: "connect ECONNREFUSED" },
        "destination cannot be reached",
      ],
      ["info", { kind: "reachable", destination: "a", cause: "connected" }, "destination can be reached"],
    ]);
  });

  it("tells a first loss at once, and those after it once in ten seconds, to the last item", () => {
    const { log, lines, pass } = setUp();
    for (let batch = 1; batch <= 1_000; batch++) log.tell(lost(30));
    log.tell(lost(7, "b"));
    log.tick();
    pass(10_000);
    log.tick();
    log.tick();
    log.tell(lost(5));
    log.flush();
    log.flush();
    const event = { kind: "dropped", signal: "traces", reason: "queue-full" };
    expect(lines).toEqual([
      ["warn", { ...event, destination: "a", items: 30 }, "telemetry lost"],
      ["warn", { ...event, destination: "b", items: 7 }, "telemetry lost"],
      ["warn", { ...event, destination: "a", items: 29_970, events: 999 }, "telemetry lost"],
      ["warn", { ...event, destination: "a", items: 5 }, "telemetry lost"],
    ]);
  });

  it("sums refusals up whatever the peer says of each", () => {
    const { log, lines } = setUp();
    for (const message of ["no", "still no", "never"])
      log.tell({ kind: "refused-by-peer", destination: "a", signal: "logs", items: 1, message });
    log.flush();
    expect(lines).toMatchObject([
      ["warn", { cause: "no", items: 1 }, "telemetry refused by its destination"],
      ["warn", { cause: "never", items: 2, events: 2 }, "telemetry refused by its destination"],
    ]);
  });
});
