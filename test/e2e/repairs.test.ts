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
  readonly requestId: string;
  readonly startMs: number;
  readonly endMs: number;
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
diagnosis: { ${diagnosis}, settle_ms: 200, hard_wait_ms: 8000, hold_ms: 60000, send: { interval_ms: 1000, crossings: true } }
admin: { listen: "127.0.0.1:0" }
`);
  };
  /** Sends requests, and says what the service was given each time, and when. */
  const request = async (): Promise<readonly Sent[]> => {
    const sent: Sent[] = [];
    for (let count = 0; count < REQUESTS; count += 1) {
      const requestId = `request-${count}`;
      const startMs = Date.now();
      const answer = await fetch(program.url("boundary eu-1-ingress"), { headers: { "x-request-id": requestId } });
      expect(answer.status).toBe(200);
      const head = upstream.heads[count] ?? [];
      const [, traceId = "", parentSpanId = ""] = (head[head.indexOf("traceparent") + 1] ?? "").split("-");
      sent.push({ traceId, parentSpanId, requestId, startMs, endMs: Date.now() });
    }
    return sent;
  };
  /** What the service exports, one SERVER span for each request. */
  const exportSpans = async (
    spans: readonly (Partial<SpanRecord> & Pick<SpanRecord, "startMs" | "endMs">)[],
  ): Promise<void> => {
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

  /** Waits until so many decisions are in a state, then ends the program: what it held goes out as it is by then. */
  const endAfter = async (action: string, state: string, least: number): Promise<void> => {
    const line = new RegExp(`^tracemend_repairs_total\\{action="${action}",.*state="${state}"\\} (\\d+)$`, "m");
    const decided = async (): Promise<number> => Number(line.exec((await program.page("/metrics")).text)?.[1] ?? 0);
    // A service is taken to have sent everything up to the newest span that it did send.
    while ((await decided()) < least) await exportSpans([{ name: "later", startMs: Date.now(), endMs: Date.now() }]);
    await program.stop();
    expect(spansOf(sink, "catalogue")).toHaveLength(REQUESTS);
  };

  // The first few requests are not enough to be sure what broke: fewer decisions than requests.
  const SURELY = REQUESTS / 3;

  it("puts a span below the one that was forwarded, where a ghost hop stood between", async () => {
    await start("repair: on");
    const sent = await request();
    await exportSpans(
      sent.map(({ traceId, startMs, endMs }) => ({
        traceId,
        startMs,
        endMs,
        parentSpanId: randomBytes(8).toString("hex"),
      })),
    );
    await sink.until(() => sink.items("metrics") > 0 && eventsOf(sink).has("tracemend.break"));
    expect(eventsOf(sink)).toEqual(new Set(["tracemend.break", "tracemend.crossing"]));
    await endAfter("set-parent", "written", SURELY);
    const joined = spansOf(sink, "catalogue").filter(
      ({ attributes }) => "tracemend.original.parent_span_id" in attributes,
    );
    expect(joined.length).toBeGreaterThanOrEqual(SURELY);
    for (const { traceId, parentSpanId } of joined) expect(ids(sent)).toContainEqual({ traceId, parentSpanId });
  });

  it("links our span to the trace a service began anew, and sends the service's spans as they came", async () => {
    await start("repair: on");
    const sent = await request();
    await exportSpans(sent.map(rootOf));
    await endAfter("add-link", "written", SURELY);
    const links = spansOf(sink, "tracemend").filter((span) => span.links.length > 0);
    expect(links.length).toBeGreaterThanOrEqual(SURELY);
    const rootIds = new Set(spansOf(sink, "catalogue").map(({ traceId, spanId }) => `${traceId} ${spanId}`));
    for (const link of links) {
      expect(rootIds).toContain(link.links[0]);
      expect(ids(sent)).toContainEqual({ traceId: link.traceId, parentSpanId: link.parentSpanId });
      expect(link.attributes["tracemend.repair.reason"]).toBe("same-request-id");
    }
    expect(spansOf(sink, "catalogue").every(({ parentSpanId }) => parentSpanId === "")).toBe(true);
  });

  it("moves that trace into the one it belongs to, only where it was told to", async () => {
    await start("repair: off, move_traces: on");
    const sent = await request();
    await exportSpans(sent.map(rootOf));
    await endAfter("move-trace", "written", SURELY);
    const moved = spansOf(sink, "catalogue").filter(({ parentSpanId }) => parentSpanId !== "");
    expect(moved.length).toBeGreaterThanOrEqual(SURELY);
    for (const { traceId, parentSpanId, attributes } of moved) {
      expect(ids(sent)).toContainEqual({ traceId, parentSpanId });
      expect(attributes["tracemend.original.trace_id"]).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  it("shows what it would do, and does nothing, where that is all it was told", async () => {
    await start("repair: report");
    const sent = await request();
    const parents = new Set(sent.map(() => randomBytes(8).toString("hex")));
    await exportSpans(
      sent.map(({ traceId, startMs, endMs }, at) => ({
        traceId,
        startMs,
        endMs,
        parentSpanId: [...parents][at] as string,
      })),
    );
    await endAfter("set-parent", "decided", SURELY);
    expect(new Set(spansOf(sink, "catalogue").map(({ parentSpanId }) => parentSpanId))).toEqual(parents);
  });
});

function ids(sent: readonly Sent[]): readonly Pick<Sent, "traceId" | "parentSpanId">[] {
  return sent.map(({ traceId, parentSpanId }) => ({ traceId, parentSpanId }));
}

/** What a service exports that begins a trace of its own for a request. */
function rootOf({ requestId, startMs, endMs }: Sent): Pick<SpanRecord, "startMs" | "endMs" | "attributes"> {
  return { startMs, endMs, attributes: { "guid:x-request-id": requestId } };
}

function serverSpan(): Omit<SpanRecord, "startMs" | "endMs"> {
  return {
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    name: "GET /",
    kind: "server",
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
    .filter(({ name }) => name !== "later")
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
