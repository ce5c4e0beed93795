/** What leaves a region and what does not, when all is well and when the region's agents are gone. */
import { describe, expect, test } from "vitest";
import type { PipelineOptions, RegionsOptions, ResidencyRule, Stage } from "@tracemend/pipeline";
import { createPipeline, refused } from "@tracemend/pipeline";
import type { Signal } from "@tracemend/otlp";
import type { RecordingSink } from "../../../test/support/recording-sink.ts";
import { stamp } from "../src/stages/stamp.ts";
import { batchOf, eventually, expectBalanced, never, over, rowOf } from "./batches.ts";
import { createFolder } from "./disk/folder.ts";
import { destinationOf, start, startSink } from "./harness.ts";

/** Stands for a redaction: what passed it says so. */
const mark: Stage = stamp({ attributes: { redacted: "yes" }, spoofed: () => {} });
const isRedacted = (sink: RecordingSink): boolean[] =>
  sink.received.map((request) => JSON.stringify(request.message).includes('"redacted"'));

function regions(...residency: ResidencyRule[]): RegionsOptions {
  return { home: "eu", residency, redactions: { mark } };
}

const retry = { initialIntervalMs: 1, maxIntervalMs: 1 };

describe("residency", () => {
  const build = (options: RegionsOptions, more: object): (() => void) => {
    const destination = { name: "a", endpoint: "http://127.0.0.1:9", protocol: "grpc", ...more } as const;
    const all: PipelineOptions = { regions: options, destinations: [destination] };
    return () => void createPipeline(all).close(over);
  };
  const usMay: ResidencyRule = { signals: ["traces"], to: ["us"] };

  test.for<[string, RegionsOptions, object]>([
    ["destinations.0.region: must be told", regions(), {}],
    ["destinations.0.region: traces, metrics, logs, profiles may not leave eu for us", regions(), { region: "us" }],
    [
      "destinations.0.signals: logs may not leave eu for us",
      regions(usMay),
      { region: "us", signals: ["traces", "logs"] },
    ],
    ["regions.home: must not be empty", { home: "" }, { region: "eu" }],
    ["regions.residency.0.after: must name one of", regions({ ...usMay, after: "nothing" }), { region: "eu" }],
    [
      "destinations.0.failover.targets.0.region: logs may not leave eu for us",
      regions(usMay),
      { region: "eu", signals: ["logs"], failover: { targets: [{ endpoint: "http://127.0.0.1:9", region: "us" }] } },
    ],
    [
      "destinations.0.failover.targets.0.region: metrics, logs, profiles may not leave eu for us; give them a destination",
      regions(usMay),
      { region: "eu", failover: { targets: [{ endpoint: "http://127.0.0.1:9", region: "us" }] } },
    ],
    [
      "destinations.0.failover.targets.0.region: must be told",
      regions(usMay),
      { region: "eu", failover: { targets: [{ endpoint: "http://127.0.0.1:9" }] } },
    ],
  ])("refuses a configuration that could break it: %s", ([message, options, more]) => {
    expect(build(options, more)).toThrow(message);
  });

  test("refuses a route that asks a destination for what it may not get", () => {
    const endpoint = "http://127.0.0.1:9";
    const destinations = [
      { name: "eu", endpoint, protocol: "grpc", region: "eu" },
      { name: "us", endpoint, protocol: "grpc", region: "us" },
    ] as const;
    const routed = (signals: readonly Signal[]) => (): void => {
      const routes = [{ signals, destinations: ["eu", "us"] }];
      void createPipeline({ regions: regions(usMay), destinations, routes }).close(over);
    };
    expect(routed(["traces"])).not.toThrow();
    expect(routed(["traces", "logs"])).toThrow(
      "routes.0.destinations.1: us must not get logs, which may not leave eu for us",
    );
  });

  test("lets through what a rule names, redacted as it says, and keeps the rest at home untouched", async () => {
    const home = await startSink();
    const abroad = await startSink();
    const { pipeline } = start({
      regions: regions({ signals: ["traces"], to: ["us"], after: "mark" }, { signals: ["metrics"], to: "any" }),
      destinations: [
        destinationOf(home, "grpc", { name: "eu", region: "eu" }),
        destinationOf(abroad, "grpc", { name: "us", region: "us" }),
      ],
    });
    for (const signal of ["traces", "metrics", "logs"] as const) await pipeline.accept(batchOf(signal, 2), never);
    expect(pipeline.destinations().map((state) => state.signals)).toEqual([
      ["traces", "metrics", "logs", "profiles"],
      ["traces", "metrics"],
    ]);
    await pipeline.close(never);
    expectBalanced(pipeline.ledger());
    expect(home.received.map(({ signal }) => signal).toSorted()).toEqual(["logs", "metrics", "traces"]);
    expect(isRedacted(home)).toEqual([false, false, false]);
    expect(abroad.received.map(({ signal }) => signal).toSorted()).toEqual(["metrics", "traces"]);
    expect(isRedacted(abroad)).toEqual(abroad.received.map(({ signal }) => signal === "traces"));
  });

  test("holds for spans of our own as well", async () => {
    const abroad = await startSink();
    const { pipeline, seen } = start({
      regions: regions({ signals: ["traces"], to: ["us"], after: "mark" }),
      destinations: [destinationOf(abroad, "grpc", { region: "us" })],
    });
    await seen("reachable");
    const own = batchOf("traces", 1);
    pipeline.reserve(own.bytes)?.fill(own);
    await pipeline.close(never);
    expect(isRedacted(abroad)).toEqual([true]);
    expectBalanced(pipeline.ledger());
  });

  test("counts spans of our own that the redaction does not take", async () => {
    const abroad = await startSink();
    const deny: Stage = (next) => ({ accept: async () => refused("no"), close: (signal) => next.close(signal) });
    const { pipeline, seen } = start({
      regions: { ...regions({ signals: ["traces"], to: ["us"], after: "deny" }), redactions: { deny } },
      destinations: [destinationOf(abroad, "grpc", { region: "us" })],
    });
    await seen("reachable");
    pipeline.reserve(1_000)?.fill(batchOf("traces", 1));
    expect(await seen("dropped")).toMatchObject({ items: 1, reason: "residency" });
    expectBalanced(pipeline.ledger());
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ received: 1, dropped: { residency: 1 } });
  });
});

describe("a region whose agents are gone", () => {
  test("fails over with what may leave it, redacted, while the rest waits for their return", async () => {
    const home = await startSink();
    const abroad = await startSink();
    const targets = [{ endpoint: abroad.httpEndpoint, protocol: "http/protobuf", region: "us" } as const];
    const signals = ["traces"] as const;
    const { pipeline, seen } = start({
      regions: regions({ signals, to: ["us"], after: "mark" }),
      destinations: [
        destinationOf(home, "grpc", { region: "eu", signals, retry, failover: { targets, afterMs: 0 } }),
        destinationOf(home, "grpc", { name: "rest", region: "eu", signals: ["logs"], retry }),
      ],
    });
    await seen("reachable");
    await seen("reachable");
    await home.stop();
    await seen("unreachable");
    await pipeline.accept(batchOf("logs", 3), never);
    await pipeline.accept(batchOf("traces", 2), never);
    expect(await seen("failover")).toMatchObject({ destination: "a", endpoint: abroad.httpEndpoint, region: "us" });
    await eventually(() => rowOf(pipeline.ledger(), "a").exported === 2);
    expectBalanced(pipeline.ledger());
    expect(isRedacted(abroad)).toEqual([true]);
    expect(abroad.items("logs")).toBe(0);
    const logs = rowOf(pipeline.ledger(), "rest", "logs");
    expect(logs.queued + logs.inFlight).toBe(3);

    await home.start();
    await eventually(() => rowOf(pipeline.ledger(), "rest", "logs").exported === 3);
    await pipeline.accept(batchOf("traces", 4), never);
    await eventually(() => rowOf(pipeline.ledger(), "a").exported === 6);
    expectBalanced(pipeline.ledger());
    expect(home.items("logs")).toBe(3);
    expect(isRedacted(home)).not.toContain(true);
    expect(isRedacted(abroad)).not.toContain(false);
  });

  test("keeps what may not leave on disk, over a restart, until they are back", async () => {
    const home = await startSink();
    await home.stop();
    const storage = { folder: createFolder(), fsync: "always" } as const;
    const options: PipelineOptions = {
      regions: regions(),
      destinations: [destinationOf(home, "http/protobuf", { region: "eu", retry, queue: { storage } })],
    };
    const before = start(options).pipeline;
    expect(await before.accept(batchOf("traces", 5), never)).toEqual({ kind: "accepted" });
    expect(await before.accept(batchOf("logs", 2), never)).toEqual({ kind: "accepted" });
    await before.close(over);
    expectBalanced(before.ledger());
    expect(rowOf(before.ledger(), "a")).toMatchObject({ queued: 5, dropped: { shutdown: 0 } });

    const { pipeline, seen } = start(options);
    expect(await seen("disk-recovered")).toMatchObject({ items: 7, tornBytes: 0 });
    expectBalanced(pipeline.ledger());
    await home.start();
    await eventually(() => home.items("traces") === 5 && home.items("logs") === 2);
    await pipeline.close(never);
    expectBalanced(pipeline.ledger());
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ recovered: 5, exported: 5, queued: 0 });
  });
});

test("metrics and logs stay with the cluster's agents while traces go to the tier in the middle, by trace", async () => {
  const agent = await startSink();
  const central = [await startSink(), await startSink()];
  const peers = central.map((sink) => new URL(sink.httpEndpoint).host);
  const { pipeline } = start({
    regions: regions({ signals: ["traces"], to: ["central"], after: "mark" }),
    destinations: [
      destinationOf(agent, "grpc", { name: "agent", region: "eu", signals: ["metrics", "logs"] }),
      destinationOf(central[0] as RecordingSink, "http/protobuf", {
        name: "central",
        region: "central",
        signals: ["traces"],
        balance: { resolver: { kind: "static", peers } },
      }),
    ],
  });
  for (const signal of ["traces", "metrics", "logs"] as const) await pipeline.accept(batchOf(signal, 40), never);
  await pipeline.close(never);
  expectBalanced(pipeline.ledger());
  expect(agent.received.map(({ signal }) => signal).toSorted()).toEqual(["logs", "metrics"]);
  expect(central.reduce((sum, sink) => sum + sink.items("traces"), 0)).toBe(40);
  for (const sink of central) expect(isRedacted(sink)).toEqual([true]);
});
