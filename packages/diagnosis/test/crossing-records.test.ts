import { CROSSING_EVENT, formatCarrier } from "@tracemend/context";
import type { Crossing } from "@tracemend/context";
import { encodeLogs, forEachLog, readBatch } from "@tracemend/otlp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCrossing, decodeCrossings, encodeCrossings } from "../src/index.ts";
import { createWorld } from "./support/world.ts";
import type { ForwardOptions } from "./support/world.ts";

const resource = { "service.name": "tracemend" };
const VALUE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** As a central tier gets it. */
function sent(crossing: Crossing): Crossing | undefined {
  const reading = readBatch("logs", encodeCrossings(resource, [crossing]).parts[0] as Uint8Array);
  expect(reading.kind).toBe("batch");
  const { crossings, malformed } = decodeCrossings((reading as { batch: Parameters<typeof decodeCrossings>[0] }).batch);
  expect(malformed).toBe(0);
  return crossings[0];
}

/** What is evidence: how the fields looked in other formats, what repairs could make of them, and the edits are not sent. */
function evidence(crossing: Crossing | undefined): unknown {
  if (crossing === undefined) return undefined;
  const { reading, verdict, ...rest } = crossing;
  const found = reading.kind === "invalid" ? reading.defects : reading.notes;
  const { edits: _edits, links: _links, ...decided } = verdict;
  return {
    ...rest,
    verdict: decided,
    kind: reading.kind,
    found: found.map(({ code }) => code).toSorted(),
    carried: reading.carried && { ...reading.carried, original: undefined },
    formats: reading.foreign?.found.map(({ format }) => format.name),
    context: reading.kind === "valid" ? [reading.context, reading.own, reading.wire] : undefined,
  };
}

const carrier = formatCarrier({
  context: { traceId: "a".repeat(32), parentId: "b".repeat(16), flags: 3, tracestate: "tm=x" },
  cluster: "eu-1",
  original: "r-1",
}) as string;

const CASES: readonly (readonly [string, ForwardOptions])[] = [
  ["a plain one", {}],
  ["one with a tracestate", { lines: ["traceparent", VALUE, "tracestate", "a=1,b=2"], requestId: "r-1", localPort: 5 }],
  ["one that came without a context", { lines: [], grant: false }],
  ["one with a defect", { lines: ["traceparent", VALUE.toUpperCase(), "tracestate", "a=1"] }],
  [
    "one with a carrier",
    { lines: ["x-tracemend-context", carrier], policy: { repair: "on", carrier: { read: true } } },
  ],
  ["one of several formats", { lines: ["traceparent", VALUE, "b3", "0"], policy: { extract: ["w3c", "b3"] } }],
  ["one that failed", { failed: true }],
  ["one whose answer names a trace", { answered: "c".repeat(32) }],
];

describe("a crossing as a log record", () => {
  it.each(CASES)("comes back as it was: %s", (_what, options) => {
    const crossing = createWorld().crossing(options);
    expect(evidence(sent(crossing))).toEqual(evidence(crossing));
  });

  it("comes back from the border before, with its member", () => {
    const world = createWorld();
    const outer = world.crossing({ cluster: "eu-1" }).verdict.context;
    const lines = ["traceparent", `00-${outer?.traceId}-${outer?.parentId}-01`, "tracestate", outer?.tracestate ?? ""];
    const inner = world.crossing({ lines });
    expect(inner.reading).toMatchObject({ own: { cluster: "eu-1" } });
    expect(evidence(sent(inner))).toEqual(evidence(inner));
  });

  it("joins at a central tier what two borders saw", () => {
    const [borders, central] = [createWorld(), createWorld()];
    for (let at = 0; at < 10; at += 1) {
      const requestId = `r-${at}`;
      const endMs = borders.clock.ms;
      const outer = { boundary: "eu-out", cluster: "eu-1", side: "egress", upstream: "us-in", requestId } as const;
      const told = [
        borders.crossing({ boundary: "us-in", cluster: "us-1", requestId, lines: [], durationMs: 20, endMs }),
        borders.crossing({ ...outer, durationMs: 60, endMs: endMs + 10 }),
      ];
      for (const crossing of decodeCrossings(encodeCrossings(resource, told)).crossings)
        central.diagnosis.crossed(crossing);
      borders.wait(500);
      central.wait(500);
    }
    central.wait(11_000);
    expect(central.diagnosis.report().breaks).toMatchObject([
      { kind: "stripped-before-us", edge: { from: "eu-1", to: "us-in" }, count: 10 },
    ]);
  });

  it("is passed over where it is another event, and counted where it cannot be read", () => {
    const base = { atMs: 1, observedMs: 1, severity: "info" as const, body: "", attributes: {} };
    const batch = encodeLogs(resource, { name: "t", version: "1" }, [
      { ...base, eventName: "other" },
      { ...base, eventName: CROSSING_EVENT },
    ]);
    expect(decodeCrossings(batch)).toEqual({ crossings: [], malformed: 1 });
  });

  it("never throws, whatever the attributes hold", () => {
    const crossing = createWorld().crossing();
    const [batch] = [encodeCrossings(resource, [crossing])];
    const keys: string[] = [];
    forEachLog(batch, (log) => keys.push(...log.attributes().keys()));
    const value = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(VALUE));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), value), (attributes) => {
        const record = { eventName: CROSSING_EVENT, atMs: 1, observedMs: 1, severity: "info" as const, body: "" };
        forEachLog(encodeLogs({}, { name: "t", version: "1" }, [{ ...record, attributes }]), (log) => {
          const read = decodeCrossing(log);
          if (read !== undefined) createWorld().diagnosis.crossed(read);
        });
      }),
      { numRuns: 200 },
    );
  });
});
