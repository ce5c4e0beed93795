import { expect, test } from "vitest";
import type { Batch } from "@tracemend/otlp";
import { tap } from "../../src/stages/tap.ts";
import { batchOf, never } from "../batches.ts";
import { createFixedSink } from "./sinks.ts";

test("the observer sees the very batch that goes on", async () => {
  const sink = createFixedSink({ kind: "accepted" });
  const seen: Batch[] = [];
  await tap({ observe: (batch) => seen.push(batch), failed: () => {} })(sink).accept(batchOf("traces", 1), never);
  expect(seen).toEqual(sink.batches);
});

test("what the observer throws stays with the tap", async () => {
  const sink = createFixedSink({ kind: "accepted" });
  const failures: unknown[] = [];
  const observe = (): void => {
    throw new Error("a mistake");
  };
  const stage = tap({ observe, failed: (cause) => failures.push(cause) })(sink);
  expect(await stage.accept(batchOf("traces", 1), never)).toEqual({ kind: "accepted" });
  expect(sink.batches.length).toBe(1);
  expect(failures).toEqual([new Error("a mistake")]);
});
