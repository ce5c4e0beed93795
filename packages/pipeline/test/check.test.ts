import { checkPipeline } from "@tracemend/pipeline";
import type { PipelineOptions } from "@tracemend/pipeline";
import { expect, test } from "vitest";

const destinations = [{ name: "a", endpoint: "http://127.0.0.1:1", protocol: "grpc" }] as const;

test("options that a pipeline takes have no problems", () => {
  expect(checkPipeline({ destinations })).toEqual([]);
});

test("every problem is told at once, with the path to it", () => {
  const options: PipelineOptions = {
    memory: { maxBytes: 0 },
    repair: { holdMs: 0 },
    attributes: { "request.id": "1" },
    destinations: [...destinations, { ...destinations[0], timeoutMs: 0, redact: {} }],
    filter: { rules: [{ name: "empty" }] },
    redact: { patterns: [] },
    routes: [{ destinations: ["a", "b"] }, { share: 2, destinations: ["a"] }],
    regions: { home: "eu" },
  };
  expect(checkPipeline(options).map(({ path }) => path.join("."))).toEqual([
    "memory",
    "attributes",
    "filter.rules",
    "redact",
    "repair.holdMs",
    "routes.0.destinations.1",
    "routes.1",
    "destinations.1.name",
    "destinations.1",
    "destinations.1.redact",
    "destinations.0.region",
    "destinations.1.region",
  ]);
});
