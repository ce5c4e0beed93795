import { describe, expect, it } from "vitest";
import { encodeLogs, forEachLog, type LogRecord, readBatch } from "@tracemend/otlp";
import { spanId, traceId } from "./support/bytes.ts";
import { decodeBatch } from "./support/reference.ts";

const record: LogRecord = {
  eventName: "tracemend.break",
  atMs: 1_700_000_000_123.25,
  observedMs: 1_700_000_000_124,
  severity: "warn",
  body: "a hop dropped traceparent é",
  attributes: { kind: "ghost-hop", count: 3, share: 0.5, open: true },
  traceId: traceId(0xaa),
  spanId: spanId(1),
};
const batch = encodeLogs({ "service.name": "tracemend" }, { name: "tracemend", version: "1" }, [
  record,
  { eventName: "", atMs: 0, observedMs: 0, severity: "info", body: "", attributes: {} },
]);

describe("encodeLogs", () => {
  it("writes what an independent reader reads", () => {
    const decoded = decodeBatch(batch) as { resourceLogs: { scopeLogs: { logRecords: object[] }[] }[] };
    const base64 = (hex: string): string => Buffer.from(hex, "hex").toString("base64");
    const [first] = decoded.resourceLogs[0]?.scopeLogs[0]?.logRecords ?? [];
    expect(first).toMatchObject({
      timeUnixNano: "1700000000123250000",
      observedTimeUnixNano: "1700000000124000000",
      severityText: "WARN",
      body: { stringValue: record.body },
      attributes: [
        { key: "kind", value: { stringValue: "ghost-hop" } },
        { key: "count", value: { intValue: "3" } },
        { key: "share", value: { doubleValue: 0.5 } },
        { key: "open", value: { boolValue: true } },
      ],
      traceId: base64(traceId(0xaa)),
      spanId: base64(spanId(1)),
    });
  });

  it("writes bytes whose framing is proven, and that come back", () => {
    const reading = readBatch("logs", batch.parts[0] as Uint8Array);
    expect(reading).toMatchObject({ kind: "batch", batch: { items: 2 } });
    const seen: unknown[] = [];
    forEachLog(batch, (log) => seen.push([log.eventName(), Object.fromEntries(log.attributes())]));
    expect(seen).toEqual([
      ["tracemend.break", record.attributes],
      ["", {}],
    ]);
  });

  it("refuses an id that is none", () => {
    expect(() => encodeLogs({}, { name: "t", version: "1" }, [{ ...record, traceId: "x" }])).toThrow("traceId: not 32");
  });
});

describe("forEachLog", () => {
  it("shows nothing of other signals", () => {
    forEachLog({ ...batch, signal: "traces" }, () => expect.unreachable());
  });
});
