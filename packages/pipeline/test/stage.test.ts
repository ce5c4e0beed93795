import { expect, test } from "vitest";
import { pipeline } from "@tracemend/pipeline";
import type { Stage } from "@tracemend/pipeline";
import { batchOf, never } from "./batches.ts";
import { createFixedSink } from "./stages/sinks.ts";

test("batches pass the stages in the order they are written, and so does closing", async () => {
  const passed: string[] = [];
  const mark =
    (name: string): Stage =>
    (next) => ({
      accept(batch, signal) {
        passed.push(name);
        return next.accept(batch, signal);
      },
      close(signal) {
        passed.push(`close ${name}`);
        return next.close(signal);
      },
    });
  const sink = createFixedSink({ kind: "accepted" });
  const joined = pipeline(mark("first"), mark("second"), sink);
  await joined.accept(batchOf("traces", 1), never);
  await joined.close(never);
  expect(passed).toEqual(["first", "second", "close first", "close second"]);
  expect(sink.batches.length).toBe(1);
});

test("a sink alone is a pipeline", () => {
  const sink = createFixedSink({ kind: "accepted" });
  expect(pipeline(sink)).toBe(sink);
});
