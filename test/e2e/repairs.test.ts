import { randomBytes } from "node:crypto";
import type { SpanRecord } from "@tracemend/otlp";
import { encodeSpans } from "@tracemend/otlp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ProgramProcess } from "../support/program.ts";
import { startProgram } from "../support/program.ts";
import type { RecordingSink } from "../support/recording-sink.ts";
import { createRecordingSink } from "../support/recording-sink.ts";
import type { RecordingUpstream } from "../support/upstream.ts";
import { startUpstream } from "../support/upstream.ts";

interface Sent {
  readonly traceId: string;
  readonly parentSpanId: string;
}

interface SpanSeen {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly service: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly string[];
}

const REQUESTS = 30;

describe("a program that joins torn traces", () => {
  let upstream: RecordingUpstream;
  let sink: RecordingSink;
  let program: ProgramProcess;

  const start = async (diagnosis: string): Promise<void> => {
    program = await startProgram(`
cluster: eu-1
boundaries:
  - name: eu-1-ingress
    side: ingress
    listen: "127.0.0.1:0"
    routes: [{ upstream: catalogue }]
upstreams: { catalogue: { url: "${upstream.url}" } }
receivers: { otlp_http: { listen: "127.0.0.1:0" } }
destinations: { agent: { endpoint: "${sink.grpcEndpoint}" } }
diagnosis: { ${diagnosis}, settle_ms: 200, hard_wait_ms: 2000, hold_ms: 3000, send: { interval_ms: 1000, crossings: true } }
admin: { listen: "127.0.0.1:0" }
`);
  };
  /** Sends requests, and says what the service was given each time. */
  const request = async (): Promise<readonly Sent[]> => {
    for (let count = 0; count < REQUESTS; count += 1) {
      const headers = { "x-request-id": `request-${count}` };
      expect((await fetch(program.url("boundary eu-1-ingress"), { headers })).status).toBe(200);
    }
    return upstream.heads.map((head) => {
      const [, traceId = "", parentSpanId = ""] = (head[head.indexOf("traceparent") + 1] ?? "").split("-");
      return { traceId, parentSpanId };
    });
  };
  /** What the service exports, one SERVER span for each request. */
  const exportSpans = async (spans: readonly Partial<SpanRecord>[]): Promise<void> => {
    const records = spans.map((span) => ({ ...serverSpan(), ...span }));
    const batch = encodeSpans({ "service.name": "catalogue" }, { name: "test", version: "1" }, records);
    const response = await fetch(`${program.url("otlp http")}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: Buffer.concat(batch.parts),
    });
    expect(response.status).toBe(200);
  };

  beforeEach(async () => {
    upstream = await startUpstream();
    sink = await createRecordingSink();
  });

  afterEach(async () => {
    await program.stop();
    await sink.stop();
    await upstream.close();
  });

  it("puts a span below the one that was forwarded, where a ghost hop stood between", async () => {
    await start("repair: on");
    const sent = await request();
    await exportSpans(sent.map(({ traceId }) => ({ traceId, parentSpanId: randomBytes(8).toString("hex") })));
    await sink.until(() => spansOf(sink, "catalogue").length === REQUESTS);
    const seen = spansOf(sink, "catalogue");
    // The first few are not enough to be sure that it is a hop, and no loss of spans.
    const joined = seen.filter(({ attributes }) => "tracemend.original.parent_span_id" in attributes);
    expect(joined.length).toBeGreaterThan(REQUESTS / 2);
    for (const { traceId, parentSpanId } of joined) expect(sent).toContainEqual({ traceId, parentSpanId });
    const { text } = await program.page("/metrics");
    expect(text).toMatch(/tracemend_repairs_total\{action="set-parent",reason="ghost-parent",state="written"\} [1-9]/);
    expect(text).toContain(`tracemend_repaired_spans_total ${joined.length}`);
    await sink.until(() => sink.items("metrics") > 0 && eventsOf(sink).has("tracemend.break"));
    expect(eventsOf(sink)).toEqual(new Set(["tracemend.break", "tracemend.crossing"]));
  });

  it("links our span to the trace a service began anew, and sends the service's spans as they came", async () => {
    await start("repair: on");
    const sent = await request();
    const roots = sent.map((_, count) => ({ attributes: { "guid:x-request-id": `request-${count}` } }));
    await exportSpans(roots);
    const links = (): readonly SpanSeen[] => spansOf(sink, "tracemend").filter((span) => span.links.length > 0);
    await sink.until(() => links().length > 0 && spansOf(sink, "catalogue").length === REQUESTS);
    const rootIds = new Set(spansOf(sink, "catalogue").map(({ traceId, spanId }) => `${traceId} ${spanId}`));
    for (const link of links()) {
      expect(rootIds).toContain(link.links[0]);
      expect(sent).toContainEqual({ traceId: link.traceId, parentSpanId: link.parentSpanId });
      expect(link.attributes["tracemend.repair.reason"]).toBe("same-request-id");
    }
    expect(spansOf(sink, "catalogue").every(({ parentSpanId }) => parentSpanId === "")).toBe(true);
  });

  it("moves that trace into the one it belongs to, only where it was told to", async () => {
    await start("repair: off, move_traces: on");
    const sent = await request();
    await exportSpans(sent.map((_, count) => ({ attributes: { "guid:x-request-id": `request-${count}` } })));
    await sink.until(() => spansOf(sink, "catalogue").length === REQUESTS);
    const moved = spansOf(sink, "catalogue").filter(({ parentSpanId }) => parentSpanId !== "");
    expect(moved.length).toBeGreaterThan(0);
    for (const { traceId, parentSpanId, attributes } of moved) {
      expect(sent).toContainEqual({ traceId, parentSpanId });
      expect(attributes["tracemend.original.trace_id"]).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  it("shows what it would do, and does nothing, where that is all it was told", async () => {
    await start("repair: report");
    const sent = await request();
    await exportSpans(sent.map(({ traceId }) => ({ traceId, parentSpanId: "b7ad6b7169203331" })));
    await sink.until(() => spansOf(sink, "catalogue").length === REQUESTS);
    expect(spansOf(sink, "catalogue").every(({ parentSpanId }) => parentSpanId === "b7ad6b7169203331")).toBe(true);
  });
});

function serverSpan(): SpanRecord {
  const nowMs = Date.now();
  return {
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    name: "GET /",
    kind: "server",
    startMs: nowMs,
    endMs: nowMs,
    attributes: {},
  };
}

type Attribute = { readonly key: string; readonly value: Readonly<Record<string, unknown>> };

function valuesOf(attributes: readonly Attribute[] = []): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

function spansOf(sink: RecordingSink, wanted: string): readonly SpanSeen[] {
  const hexOf = (id: unknown): string => Buffer.from((id ?? "") as string, "base64").toString("hex");
  return sink.received
    .filter(({ signal }) => signal === "traces")
    .flatMap(({ message }) => listOf(message["resourceSpans"]))
    .filter(({ resource }) => valuesOf((resource as { attributes: Attribute[] }).attributes)["service.name"] === wanted)
    .flatMap(({ scopeSpans }) => listOf(scopeSpans))
    .flatMap(({ spans }) => listOf(spans))
    .map((span) => ({
      traceId: hexOf(span["traceId"]),
      spanId: hexOf(span["spanId"]),
      parentSpanId: hexOf(span["parentSpanId"]),
      service: wanted,
      name: span["name"] as string,
      attributes: valuesOf(span["attributes"] as Attribute[] | undefined),
      links: listOf(span["links"]).map((link) => `${hexOf(link["traceId"])} ${hexOf(link["spanId"])}`),
    }));
}

function eventsOf(sink: RecordingSink): ReadonlySet<unknown> {
  return new Set(
    sink.received
      .filter(({ signal }) => signal === "logs")
      .flatMap(({ message }) => listOf(message["resourceLogs"]))
      .flatMap(({ scopeLogs }) => listOf(scopeLogs))
      .flatMap(({ logRecords }) => listOf(logRecords))
      .map((record) => record["eventName"]),
  );
}

function listOf(of: unknown): readonly Readonly<Record<string, unknown>>[] {
  return (of ?? []) as readonly Readonly<Record<string, unknown>>[];
}
