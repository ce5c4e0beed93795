import { expect, it } from "vitest";
import { createMetricsText } from "../src/metrics.ts";
import { createReceptions, writeReceptions } from "../src/receptions.ts";

it("counts every answer, and tells each mistake of senders once a minute", () => {
  let nowMs = 0;
  const lines: unknown[] = [];
  const receptions = createReceptions({ warn: (fields: object) => void lines.push(fields) } as never, () => nowMs);
  const told = (result: "taken" | "busy" | "partial" | "unauthenticated", rejected = 0): void =>
    receptions.ended("otlp http", { result, rejected, message: "why" });
  for (let each = 0; each < 3; each += 1) {
    told("taken");
    told("busy");
    told("unauthenticated");
    told("partial", 2);
  }
  nowMs = 60_000;
  told("unauthenticated");
  expect(lines).toEqual([
    { receiver: "otlp http", result: "unauthenticated", cause: "why" },
    { receiver: "otlp http", result: "partial", cause: "why" },
    { receiver: "otlp http", result: "unauthenticated", cause: "why" },
  ]);
  const text = createMetricsText();
  writeReceptions(text, receptions.counts());
  expect(text.toString()).toContain('requests_total{receiver="otlp http",result="unauthenticated"} 4\n');
  expect(text.toString()).toContain('rejected_items_total{receiver="otlp http"} 6\n');
});
