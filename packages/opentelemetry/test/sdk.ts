/** A real SDK for the tests of this package, and services that are instrumented with it. */
import { createRequire } from "node:module";
import type * as http from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { context, propagation, trace } from "@opentelemetry/api";
import type { TextMapPropagator } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { Sampler, SpanProcessor } from "@opentelemetry/sdk-trace";
import { defineBoundary } from "@tracemend/context";
import type { Boundary, PolicyOptions } from "@tracemend/context";

export const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
export const PARENT = "00f067aa0ba902b7";
export const PARENT_LINE = `00-${TRACE}-${PARENT}-01`;
export const OTHER_LINE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

export function ingress(policy: PolicyOptions = {}): Boundary {
  return defineBoundary({ name: "service", side: "ingress", cluster: "eu-1", policy });
}

export interface Sdk {
  readonly provider: TracerProvider;
  readonly exporter: InMemorySpanExporter;
  readonly stop: () => Promise<void>;
}

const instrumentation = new HttpInstrumentation();

export interface SdkParts {
  readonly propagator: TextMapPropagator;
  readonly processors?: readonly SpanProcessor[];
  readonly sampler?: Sampler;
}

export function startSdk({ propagator, processors = [], sampler }: SdkParts): Sdk {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [...processors, new SimpleSpanProcessor({ exporter })];
  const provider = new TracerProvider(sampler === undefined ? { spanProcessors } : { spanProcessors, sampler });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  propagation.setGlobalPropagator(propagator);
  instrumentation.setTracerProvider(provider);
  instrumentation.enable();
  return {
    provider,
    exporter,
    stop: async () => {
      instrumentation.disable();
      await provider.shutdown();
      for (const api of [context, trace, propagation]) api.disable();
    },
  };
}

/** The instrumentation patches what is required once it is on: a service starts it before it loads anything else. */
export const patchedHttp = (): typeof http => createRequire(import.meta.url)("node:http") as typeof http;

export interface Service {
  readonly url: string;
  readonly close: () => void;
}

export async function startService(listener: RequestListener): Promise<Service> {
  const server = patchedHttp().createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** One request with raw header lines, by a client that nothing instruments. */
export async function send(url: string, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  let head = `GET /orders HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n`;
  for (let at = 0; at + 1 < lines.length; at += 2) head += `${lines[at]}: ${lines[at + 1]}\r\n`;
  let answer = "";
  const socket = connect(Number(port), hostname);
  socket.write(`${head}\r\n`);
  for await (const chunk of socket) answer += String(chunk);
  return answer.slice(answer.indexOf("\r\n\r\n") + 4);
}
