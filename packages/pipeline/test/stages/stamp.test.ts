import { expect, test } from "vitest";
import { stamp } from "../../src/stages/stamp.ts";
import { decodeRequest, encodeRequest } from "../../../../test/support/otlp-reference.ts";
import { readBatch } from "@tracemend/otlp";
import { batchOf, never } from "../batches.ts";
import { createFixedSink } from "./sinks.ts";

test("a stamp overwrites what the sender claimed, and counts it", async () => {
  const claim = { key: "region", value: { stringValue: "mars" } };
  const bytes = encodeRequest("logs", { resourceLogs: [{ resource: { attributes: [claim] }, scopeLogs: [] }] });
  const reading = readBatch("logs", bytes);
  if (reading.kind !== "batch") throw new TypeError(reading.defect.message);
  const sink = createFixedSink({ kind: "accepted" });
  let spoofed = 0;
  const stage = stamp({ attributes: { region: "eu" }, spoofed: (count) => (spoofed += count) })(sink);
  await stage.accept(reading.batch, never);
  const [batch] = sink.batches;
  const message = JSON.stringify(decodeRequest("logs", Buffer.concat(batch?.parts ?? [])));
  expect(message).toContain('"eu"');
  expect(message).not.toContain("mars");
  expect(spoofed).toBe(1);
});

test("without attributes the stage is not there at all", () => {
  const sink = createFixedSink({ kind: "accepted" });
  expect(stamp({ attributes: {}, spoofed: () => {} })(sink)).toBe(sink);
});

test("a batch leaves with the same items it came with", async () => {
  const sink = createFixedSink({ kind: "accepted" });
  await stamp({ attributes: { region: "eu" }, spoofed: () => {} })(sink).accept(batchOf("metrics", 7), never);
  expect(sink.batches[0]?.items).toBe(7);
});
