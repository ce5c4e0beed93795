import { describe, expect, it } from "vitest";
import { readBatch } from "@tracemend/otlp";
import type { Outcome } from "@tracemend/pipeline";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { limit } from "../../src/stages/limit.ts";
import type { LimitReason } from "../../src/stages/limit.ts";
import { batchOf, never } from "../batches.ts";
import { createFixedSink } from "./sinks.ts";

const accepted: Outcome = { kind: "accepted" };

function open(memory: { maxBytes: number; checkIntervalMs?: number } | undefined, stampBytes: number) {
  const clock = createFakeClock();
  const sink = createFixedSink(accepted);
  const refusals: [LimitReason, number][] = [];
  const usage = { bytes: 0, measured: 0 };
  const stage = limit({
    memory,
    stampBytes,
    usedBytes: () => {
      usage.measured += 1;
      return usage.bytes;
    },
    clock,
    random: () => 0.5,
    refused: (reason, items) => refusals.push([reason, items]),
  })(sink);
  return { clock, sink, refusals, usage, stage };
}

describe("limit", () => {
  it("is not there when there is nothing to limit", () => {
    const { sink, stage } = open(undefined, 0);
    expect(stage).toBe(sink);
  });

  it("answers busy, with some jitter, while the process uses too much memory", async () => {
    const { clock, refusals, stage, usage } = open({ maxBytes: 100, checkIntervalMs: 500 }, 0);
    usage.bytes = 101;
    expect(await stage.accept(batchOf("logs", 3), never)).toEqual({ kind: "busy", retryAfterMs: 1_500 });
    usage.bytes = 100;
    expect((await stage.accept(batchOf("logs", 2), never)).kind).toBe("busy");
    expect(usage.measured).toBe(1);
    clock.advance(500);
    expect(await stage.accept(batchOf("logs", 2), never)).toBe(accepted);
    expect(refusals).toEqual([
      ["memory", 3],
      ["memory", 2],
    ]);
  });

  it("refuses a request that the stamp would multiply, and takes a large one it would not", async () => {
    const { refusals, sink, stage } = open(undefined, 200);
    const empty = new Uint8Array(2 * 10_000).map((_, index) => (index % 2 === 0 ? 0x0a : 0));
    const reading = readBatch("traces", empty);
    if (reading.kind !== "batch") throw new TypeError(reading.defect.message);
    expect(await stage.accept(reading.batch, never)).toEqual({
      kind: "refused",
      message: "20000 bytes would become 2020000 by their resource attributes",
      tooLarge: true,
    });
    expect(await stage.accept(batchOf("traces", 100), never)).toBe(accepted);
    expect(sink.batches).toHaveLength(1);
    expect(refusals).toEqual([["stamp", 0]]);
  });

  it.each([0, 1.5, NaN])("a limit of %j bytes throws", (maxBytes) => {
    expect(() => open({ maxBytes }, 0)).toThrow("memory option maxBytes must be a positive integer");
  });
});
