import { createRequire } from "node:module";
import type * as http from "node:http";
import type { AddressInfo } from "node:net";
import { SpanKind, context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator, suppressTracing } from "@opentelemetry/core";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type * as httpProxy from "http-proxy-3";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { CrossingExportOptions } from "../src/crossings.ts";
import { createCrossingExport } from "../src/crossings.ts";
import type { Outbound, OutboundOptions } from "../src/index.ts";
import { createOutbound } from "../src/index.ts";
import { preserve } from "../src/http-proxy-3.ts";
import { crossingOfGet } from "./crossings/told.ts";
import type { RecordedCalls, Service } from "./peers.ts";
import { PARENT_LINE, TRACE, ingress, recordCalls, send, startEcho, valuesOf } from "./peers.ts";

const exporter = new InMemorySpanExporter();
const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
const http1 = new HttpInstrumentation();
const undici = new UndiciInstrumentation();
for (const instrumentation of [http1, undici]) {
  instrumentation.disable();
  instrumentation.setTracerProvider(tracerProvider);
}

let echo: Service;
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  echo = await startEcho();
});
afterAll(async () => {
  await echo.close();
  context.disable();
  propagation.disable();
});

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
  exporter.reset();
});

function watch(options: Partial<OutboundOptions> = {}): {
  readonly outbound: Outbound;
  readonly observed: RecordedCalls;
} {
  const observed = recordCalls();
  const outbound = createOutbound({ boundary: ingress(), targets: ["127.0.0.1"], observer: observed, ...options });
  opened.push(() => outbound.close());
  return { outbound, observed };
}

function instrument(...instrumentations: readonly (HttpInstrumentation | UndiciInstrumentation)[]): void {
  for (const instrumentation of instrumentations) {
    instrumentation.enable();
    opened.push(() => instrumentation.disable());
  }
}

/** The instrumentation patches what is required from here on: a service starts it before it loads anything else. */
const patchedHttp = (): typeof http => createRequire(import.meta.url)("node:http") as typeof http;

/** Sends one request with the given lines to a service that calls out; the lines that call left with. */
async function ask(callOut: () => Promise<string>, lines = ["traceparent", PARENT_LINE]): Promise<readonly string[]> {
  const server = patchedHttp().createServer((_incoming, response) => {
    void callOut().then((text) => response.end(text));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return JSON.parse(await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, lines)) as string[];
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** The `traceparent` of the CLIENT span that the SDK exported for the call. */
function clientLine(): string {
  const span = exporter
    .getFinishedSpans()
    .find(({ kind, attributes }) => kind === SpanKind.CLIENT && attributes["url.full"] === `${echo.url}/out`);
  const { traceId, spanId } = span?.spanContext() ?? { traceId: "", spanId: "" };
  return `00-${traceId}-${spanId}-01`;
}

const plain = async (): Promise<string> => (await fetch(`${echo.url}/out`)).text();
const copying = async (): Promise<string> =>
  (await fetch(`${echo.url}/out`, { headers: { traceparent: PARENT_LINE, tracestate: "a=1" } })).text();

describe.each([
  ["subscribed before", (start: () => void, sdk: () => void) => [start, sdk]],
  ["subscribed behind", (start: () => void, sdk: () => void) => [sdk, start]],
])("%s OpenTelemetry's undici instrumentation", (_order, inOrder) => {
  it.each([
    ["nothing was set", plain],
    ["the service copied the header", copying],
  ])("exactly one traceparent leaves, the SDK's, where %s", async (_case, callOut) => {
    let observed = recordCalls();
    for (const begin of inOrder(
      () => ({ observed } = watch()),
      () => instrument(http1, undici),
    ))
      begin();
    const left = await ask(callOut, ["traceparent", PARENT_LINE, "tracestate", "a=1"]);
    expect(valuesOf(left, "traceparent")).toEqual([clientLine()]);
    expect(clientLine()).toContain(TRACE);
    expect(valuesOf(left, "tracestate")).toEqual(["a=1"]);
    expect(observed.calls.filter(({ action }) => action === "carried" || action === "reported")).toEqual([]);
  });

  it("none leaves to a foreign target, whoever adds it", async () => {
    for (const begin of inOrder(
      () => void watch({ targets: [] }),
      () => instrument(undici),
    ))
      begin();
    const left = await ask(copying);
    expect(valuesOf(left, "traceparent")).toEqual([]);
    expect(valuesOf(left, "tracestate")).toEqual([]);
  });
});

it("without this package, the instrumentation sends its line beside a copied one", async () => {
  instrument(http1, undici);
  expect(valuesOf(await ask(copying), "traceparent")).toEqual([PARENT_LINE, clientLine()]);
});

it("a call by node:http keeps the SDK's context", async () => {
  const { outbound } = watch();
  instrument(http1);
  const left = await ask(
    () =>
      new Promise((resolve) => {
        patchedHttp().get(`${echo.url}/out`, (incoming) => {
          let text = "";
          incoming.on("data", (chunk) => (text += String(chunk)));
          incoming.on("end", () => resolve(text));
        });
      }),
  );
  expect(valuesOf(left, "traceparent")).toEqual([clientLine()]);
  expect(outbound.counts().carried).toBe(0);
});

it("a call that nothing instruments is noticed and gets the active span's context", async () => {
  const active = (): { traceId: string; parentId: string; flags: number; tracestate: string } | undefined => {
    const span = trace.getSpanContext(context.active());
    return span && { traceId: span.traceId, parentId: span.spanId, flags: span.traceFlags, tracestate: "" };
  };
  const { observed } = watch({ current: active });
  instrument(http1);
  const left = await ask(plain);
  const server = exporter
    .getFinishedSpans()
    .find(({ kind, attributes }) => kind === SpanKind.SERVER && attributes["url.path"] === "/");
  expect(valuesOf(left, "traceparent")).toEqual([`00-${TRACE}-${server?.spanContext().spanId}-01`]);
  expect(observed.calls).toMatchObject([{ action: "carried", reason: "no-context", api: "undici" }]);
});

it("a gateway of http-proxy-3 with an SDK of its own sends the SDK's one traceparent", async () => {
  instrument(http1);
  // Loaded here, so that it finds node:http with the instrumentation in it.
  const { ProxyServer } = createRequire(import.meta.url)("http-proxy-3") as typeof httpProxy;
  const proxy = new ProxyServer({ target: `${echo.url}/out`, ignorePath: true });
  opened.push(preserve(proxy, ingress({ repair: "on" })));
  const server = patchedHttp().createServer((request, response) => proxy.web(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push(() => server.close());
  const lines = ["traceparent", PARENT_LINE, "traceparent", PARENT_LINE];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const left = valuesOf(JSON.parse(await send(url, lines)) as string[], "traceparent");
  server.closeAllConnections();
  expect(left).toHaveLength(1);
  expect(left).toEqual([clientLine()]);
});

it.each<[string, number, CrossingExportOptions["around"]]>([
  ["a span", 1, undefined],
  ["no span where it is told to look away", 0, (post) => context.with(suppressTracing(context.active()), post)],
])("the SDK makes of a report of crossings %s, and none of the request that began it", async (_what, spans, around) => {
  instrument(undici);
  const crossings = createCrossingExport({ endpoint: echo.url, env: {}, ...(around && { around }) });
  const tracer = tracerProvider.getTracer("test");
  tracer.startActiveSpan("a request", (span) => {
    crossings.crossed(crossingOfGet());
    span.end();
  });
  await crossings.close();
  const clients = exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.CLIENT);
  expect(clients.map(({ parentSpanContext }) => parentSpanContext)).toEqual(Array.from({ length: spans }));
});
