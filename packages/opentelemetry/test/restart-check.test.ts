import type { TextMapPropagator } from "@opentelemetry/api";
import { SpanKind, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { afterEach, describe, expect, it } from "vitest";
import type { Finding, RestartCheck, RestartCheckOptions } from "../src/index.ts";
import {
  activeContext,
  compareSpan,
  createPropagator,
  createPropagatorFrom,
  createRestartCheck,
} from "../src/index.ts";
import type { Sdk } from "./sdk.ts";
import { PARENT, PARENT_LINE, TRACE, ingress, send, startSdk, startService } from "./sdk.ts";

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

interface Checked {
  readonly check: RestartCheck;
  readonly findings: readonly Finding[];
  readonly sdk: Sdk;
  readonly url: string;
}

/** A service with the SDK, instrumentation-http and this propagator; it answers with the active span's trace. */
async function startChecked(propagator: TextMapPropagator, options: RestartCheckOptions = {}): Promise<Checked> {
  const findings: Finding[] = [];
  const check = createRestartCheck({ found: (finding) => findings.push(finding), ...options });
  const sdk = startSdk({ propagator, processors: [check] });
  const service = await startService((_request, response) => response.end(activeContext()?.traceId));
  opened.push(sdk.stop, service.close);
  return { check, findings, sdk, url: service.url };
}

const none = (): TextMapPropagator => createPropagatorFrom("none", {});

describe("beside instrumentation-http", () => {
  it("is content with a service that continues what arrived, by any propagator", async () => {
    for (const propagator of [new W3CTraceContextPropagator(), createPropagator({ boundary: ingress() })]) {
      const { check, findings, url } = await startChecked(propagator);
      expect(await send(url, ["traceparent", PARENT_LINE])).toBe(TRACE);
      expect(check.counts()).toMatchObject({ continued: 1, restarted: 0 });
      expect(findings).toEqual([]);
      for (const close of opened.splice(0).toReversed()) await close();
    }
  });

  it("finds a service whose SDK restarts every trace", async () => {
    const { findings, url, sdk } = await startChecked(none());
    const traceId = await send(url, ["traceparent", PARENT_LINE]);
    expect(findings).toEqual([
      {
        continuation: "restarted",
        arrived: { traceId: TRACE, parentId: PARENT, flags: 1, tracestate: "" },
        span: { traceId, spanId: sdk.exporter.getFinishedSpans()[0]?.spanContext().spanId, name: "GET" },
        scope: "@opentelemetry/instrumentation-http",
      },
    ]);
  });

  it("links the span that restarted the trace to what arrived, where it is asked to", async () => {
    const { sdk, url } = await startChecked(none(), { link: true });
    await send(url, ["traceparent", PARENT_LINE]);
    const [span] = sdk.exporter.getFinishedSpans();
    expect(span?.links).toMatchObject([{ context: { traceId: TRACE, spanId: PARENT, isRemote: true } }]);
  });

  it("gives a trace that the policy restarts its link too", async () => {
    const propagator = createPropagator({ boundary: ingress({ trust: "restart" }) });
    const { findings, sdk, url } = await startChecked(propagator, { link: true });
    expect(await send(url, ["traceparent", PARENT_LINE])).not.toBe(TRACE);
    expect(findings).toMatchObject([{ continuation: "restarted" }]);
    expect(sdk.exporter.getFinishedSpans()[0]?.links).toHaveLength(1);
  });

  it("compares a span with its own request on a connection that many share, and nothing where nothing came", async () => {
    const { check, url } = await startChecked(none());
    await send(url, []);
    await send(url, ["traceparent", "malformed"]);
    await Promise.all(Array.from({ length: 50 }, () => send(url, ["traceparent", PARENT_LINE])));
    expect(check.counts()).toMatchObject({ continued: 0, restarted: 50 });
  });

  it("answers the request whatever the one who is told throws", async () => {
    const found = (): never => {
      throw new Error("observer");
    };
    const { url } = await startChecked(none(), { found });
    expect(await send(url, ["traceparent", PARENT_LINE])).toMatch(/^[0-9a-f]{32}$/);
  });

  it("a middleware that mends the header comes too late for the span, a propagator does not", async () => {
    const twice = ["traceparent", PARENT_LINE, "traceparent", PARENT_LINE];
    const mending = (propagator: TextMapPropagator) => startSdk({ propagator });
    for (const [propagator, continued] of [
      [new W3CTraceContextPropagator(), false],
      [createPropagator({ boundary: ingress() }), true],
    ] as const) {
      const sdk = mending(propagator);
      const service = await startService((request, response) => {
        request.headers["traceparent"] = PARENT_LINE;
        response.end(activeContext()?.traceId);
      });
      opened.push(sdk.stop, service.close);
      const traceId = await send(service.url, twice);
      expect(traceId === TRACE).toBe(continued);
      const [span] = sdk.exporter.getFinishedSpans();
      expect(span?.kind).toBe(SpanKind.SERVER);
      expect(span?.parentSpanContext?.spanId).toBe(continued ? PARENT : undefined);
      for (const close of opened.splice(0).toReversed()) await close();
    }
  });
});

describe("compareSpan", () => {
  const arrived = { traceId: TRACE, parentId: PARENT, flags: 1, tracestate: "" };
  const spanOf = (traceId: string, traceFlags: number) =>
    trace.wrapSpanContext({ traceId, spanId: "1".repeat(16), traceFlags });

  it("tells a child from a restart, a link, another parent, a flipped flag and nothing at all", () => {
    const child = spanOf(TRACE, 1);
    const other = spanOf("a".repeat(32), 1);
    const parentOf = (spanId: string) => ({
      spanContext: () => child.spanContext(),
      parentSpanContext: { traceId: TRACE, spanId, traceFlags: 1 },
    });
    const link = { context: { traceId: TRACE, spanId: PARENT, traceFlags: 1 } };
    expect(compareSpan(arrived, parentOf(PARENT))).toBe("continued");
    expect(compareSpan(arrived, parentOf("2".repeat(16)))).toBe("reparented");
    expect(compareSpan(arrived, other)).toBe("restarted");
    expect(compareSpan(arrived, { spanContext: () => other.spanContext(), links: [link] })).toBe("linked");
    expect(compareSpan(arrived, spanOf(TRACE, 0))).toBe("unsampled");
    expect(compareSpan({ ...arrived, flags: 0 }, child)).toBe("sampled");
    expect(compareSpan(arrived, undefined)).toBe("no-span");
  });
});
