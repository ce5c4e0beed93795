import { describe, expect, it } from "vitest";
import { encodeLogs, mergeBatches, selectLogs, selectSpans } from "@tracemend/otlp";
import { concat, len, pair, span, traceId, traces } from "./support/bytes.ts";
import { batch } from "./support/read.ts";

const shop = pair(1, "service.name", "shop");
const cart = pair(1, "service.name", "cart");
const merged = mergeBatches([
  batch(traces([shop], span(1), span(2), span(3))),
  batch(traces([cart], span(1), span(4))),
]);
const bytesOf = (part: { parts: readonly Uint8Array[] }): Uint8Array => concat(...part.parts);

describe("selectSpans", () => {
  it("takes spans with the envelopes they need and no others", () => {
    const kept = selectSpans(merged, (view) => view.traceId() === traceId(2));
    expect(kept.items).toBe(1);
    expect(bytesOf(kept)).toEqual(traces([shop], span(2)));
  });

  it("may judge by the resource", () => {
    const kept = selectSpans(merged, (view) => view.resourceAttribute("service.name") === "cart");
    expect(bytesOf(kept)).toEqual(traces([cart], span(1), span(4)));
  });

  it("returns the same batch when every span stays, and an empty one when none does", () => {
    expect(selectSpans(merged, () => true)).toBe(merged);
    expect(selectSpans(merged, () => false)).toEqual({ signal: "traces", parts: [], items: 0, bytes: 0 });
  });

  it("leaves other signals alone", () => {
    const logs = batch(len(1, len(2, len(2))), "logs");
    expect(selectSpans(logs, () => false)).toBe(logs);
  });
});

describe("selectLogs", () => {
  const base = { atMs: 1, observedMs: 1, severity: "info" as const, body: "b", attributes: { n: 1 } };
  const scope = { name: "t", version: "1" };
  const [a, b] = ["a", "b"].map((eventName) => ({ ...base, eventName }));
  const logs = mergeBatches([
    encodeLogs({ "service.name": "shop" }, scope, [a!, b!, a!]),
    encodeLogs({ "service.name": "cart" }, scope, [b!]),
  ]);

  it("takes records with the envelopes they need and no others", () => {
    const kept = selectLogs(logs, (log) => log.eventName() === "a");
    expect(kept.items).toBe(2);
    expect(bytesOf(kept)).toEqual(bytesOf(encodeLogs({ "service.name": "shop" }, scope, [a!, a!])));
  });

  it("returns the same batch when every record stays, an empty one when none does, and other signals as they are", () => {
    expect(selectLogs(logs, () => true)).toBe(logs);
    expect(selectLogs(logs, () => false)).toEqual({ signal: "logs", parts: [], items: 0, bytes: 0 });
    expect(selectLogs(merged, () => false)).toBe(merged);
  });
});
