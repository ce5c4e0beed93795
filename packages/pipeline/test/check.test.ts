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

test("a signal that a route names must be taken by one of its destinations, and each of them take one", () => {
  const options: PipelineOptions = {
    destinations: [
      { ...destinations[0], name: "spans", signals: ["traces"] },
      { ...destinations[0], name: "lines", signals: ["logs"] },
      { ...destinations[0], name: "all" },
    ],
    routes: [
      { signals: ["traces", "logs"], destinations: ["spans", "lines"] },
      { services: ["cart"], destinations: ["spans"] },
      { signals: ["metrics"], destinations: ["all"] },
      { signals: ["traces", "metrics"], destinations: ["spans"] },
      { signals: ["logs"], destinations: ["spans", "lines"] },
      { signals: ["logs"], destinations: ["spans"] },
      { signals: ["logs"], destinations: ["gone"] },
    ],
  };
  expect(checkPipeline(options).map(({ path, message }) => `${path.join(".")}: ${message}`)).toEqual([
    "routes.3.signals.1: none of its destinations takes metrics (spans)",
    "routes.4.destinations.0: spans takes none of logs (it takes traces)",
    "routes.5.destinations.0: spans takes none of logs (it takes traces)",
    'routes.6.destinations.0: there is no destination "gone"',
  ]);
});
