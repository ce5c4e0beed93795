/** Real services on loopback for the tests of this package: one that is called, one that calls, and what they saw. */
import { once } from "node:events";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer, get, request } from "node:http";
import type { AddressInfo } from "node:net";
import { defineBoundary } from "@tracemend/context";
import type { Boundary, PolicyOptions } from "@tracemend/context";
import { request as undiciRequest } from "undici";
import type { Call, CallObserver, Outbound, OutboundOptions } from "../src/index.ts";
import { createOutbound } from "../src/index.ts";

export const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
export const PARENT = "00f067aa0ba902b7";
export const PARENT_LINE = `00-${TRACE}-${PARENT}-01`;
export const OTHER_LINE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

export function ingress(policy: PolicyOptions = {}): Boundary {
  return defineBoundary({ name: "service", side: "ingress", cluster: "eu-1", policy });
}

/** The trace id and the parent id made of a number, so that every request has its own. */
export function lineOf(number: number): string {
  return `00-${String(number).padStart(32, "a")}-${String(number).padStart(16, "b")}-01`;
}

export interface Service {
  readonly port: number;
  readonly url: string;
  readonly server: Server;
  readonly close: () => Promise<void>;
}

export async function startService(listener: RequestListener): Promise<Service> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port, url: `http://127.0.0.1:${port}`, server, close };
}

/** Answers with its own header lines: `name`, `value`, … */
export function startEcho(): Promise<Service> {
  return startService((incoming, response) => {
    incoming.resume();
    incoming.on("end", () => response.end(JSON.stringify(incoming.rawHeaders)));
  });
}

/** The values of a field among raw lines, as they came. */
export function valuesOf(lines: readonly string[], name: string): readonly string[] {
  return lines.filter((_, at) => at % 2 === 1 && lines[at - 1]?.toLowerCase() === name);
}

export async function bodyOf(incoming: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of incoming) text += String(chunk);
  return text;
}

/** One request by node:http with raw header lines; the body of its answer. */
export function send(url: string, lines: readonly string[] = [], body = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = ["host", new URL(url).host, "content-length", String(Buffer.byteLength(body)), ...lines];
    const sent = request(url, { method: "POST", headers }, (incoming) => {
      bodyOf(incoming).then(resolve, reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

export interface RecordedCalls extends CallObserver {
  readonly calls: readonly Call[];
}

export function recordCalls(): RecordedCalls {
  const calls: Call[] = [];
  return { calls, called: (call) => void calls.push(call) };
}

export interface Pair {
  readonly outbound: Outbound;
  readonly observed: RecordedCalls;
  /** Sends a request with these lines; the lines that the service behind was called with. */
  readonly ask: (lines: readonly string[], path?: string) => Promise<readonly string[]>;
  readonly echo: Service;
}

/** A service that calls another one, with the context carried between them; `opened` gets what must be closed. */
export async function startPair(
  opened: (() => unknown)[],
  callOut: (url: string) => Promise<string>,
  options: Partial<OutboundOptions> = {},
): Promise<Pair> {
  const observed = recordCalls();
  const outbound = createOutbound({
    boundary: ingress(),
    targets: ["127.0.0.1"],
    observer: observed,
    ...options,
  });
  opened.push(() => outbound.close());
  const echo = await startEcho();
  const service = await startService((_incoming, response) => {
    void callOut(echo.url).then((text) => response.end(text));
  });
  opened.push(echo.close, service.close);
  const ask = async (lines: readonly string[], path = "/orders"): Promise<readonly string[]> =>
    JSON.parse(await send(`${service.url}${path}`, lines)) as readonly string[];
  return { outbound, observed, ask, echo };
}

export const byFetch = async (url: string): Promise<string> => (await fetch(url)).text();
export const byUndici = async (url: string): Promise<string> => (await undiciRequest(url)).body.text();
export const byHttp = async (url: string): Promise<string> => {
  const [incoming] = (await once(get(url), "response")) as [IncomingMessage];
  return bodyOf(incoming);
};
