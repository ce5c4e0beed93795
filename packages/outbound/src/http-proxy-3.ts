/** A hook for http-proxy-3: a gateway someone already has preserves and repairs the trace context that passes it. */
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Boundary, Observer, Passage } from "@tracemend/context";
import { arrivalOfMessage, cross, tellAll } from "@tracemend/context";
import type { ProxyServer } from "http-proxy-3";
import { failOpen } from "./fail-open.ts";
import { traceFields } from "./head.ts";
import type { Passing } from "./proxy-crossing.ts";
import { crossingOfPassing } from "./proxy-crossing.ts";

export interface PreserveOptions {
  /** The name of the service behind, in crossings. Default: the host of the target. */
  readonly upstream?: string;
  /** Told of every exchange but those of WebSockets, once it is over. */
  readonly observers?: readonly Observer[];
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/**
 * Judges every request that `proxy` forwards by its raw lines, and changes what http-proxy-3 is about to send: exactly
 * one `traceparent` leaves, or none. The gateway has no spans of its own, so the caller's parent goes on unchanged.
 * Listeners of `proxyReq` run later and have the last word. Returns what ends it.
 */
export function preserve(proxy: ProxyServer, boundary: Boundary, options: PreserveOptions = {}): () => void {
  const { observers = [], now = Date.now, upstream } = options;
  const observer = tellAll(observers);
  const passing = new WeakMap<IncomingMessage, Passing>();
  const judge = ({ rawHeaders, socket }: IncomingMessage): Passage =>
    cross(boundary, rawHeaders, () => undefined, arrivalOfMessage(rawHeaders, socket));

  const follow = (passage: Passage, request: IncomingMessage, response: ServerResponse, target: unknown): void => {
    const current: Passing = {
      passage,
      startMs: now(),
      name: upstream ?? hostOf(target),
      upstream: undefined,
      answer: undefined,
    };
    passing.set(request, current);
    response.once("close", () => observer.crossed(crossingOfPassing(current, request, response, now())));
  };

  // http-proxy-3 copies `headers` after this event, for every engine it has.
  const onStart = (request: IncomingMessage, response: ServerResponse, target: unknown): void =>
    failOpen(() => {
      const passage = judge(request);
      const { headers } = request;
      for (const { name, value } of passage.edits) {
        if (value === null) delete headers[name];
        else headers[name] = value;
      }
      const connection = connectionFor(boundary, headers.connection);
      if (connection === undefined) delete headers.connection;
      else headers.connection = connection;
      if (observers.length > 0) follow(passage, request, response, target);
    });
  const onAnswer = (answer: IncomingMessage, request: IncomingMessage): void => {
    const current = passing.get(request);
    // The fetch engine of http-proxy-3 gives an answer without a socket.
    const { socket } = answer as Partial<IncomingMessage>;
    if (current === undefined || socket === undefined) return;
    const { remoteAddress: address = "", remotePort: port = 0, localPort } = socket;
    current.answer = answer;
    current.upstream = { name: current.name, address, port, localPort };
  };
  const onUpgrade = (outgoing: ClientRequest, request: IncomingMessage): void =>
    failOpen(() => {
      for (const { name, value } of judge(request).edits) {
        if (value === null) outgoing.removeHeader(name);
        else outgoing.setHeader(name, value);
      }
      const connection = connectionFor(boundary, request.headers.connection);
      if (connection !== undefined) outgoing.setHeader("connection", connection);
    });

  proxy.on("start", onStart);
  proxy.on("proxyRes", onAnswer);
  proxy.on("proxyReqWs", onUpgrade);
  return () => {
    proxy.off("start", onStart);
    proxy.off("proxyRes", onAnswer);
    proxy.off("proxyReqWs", onUpgrade);
  };
}

/** http-proxy-3 forwards `Connection`: a trace field that it still names would be removed by the next hop. */
function connectionFor({ policy }: Boundary, connection: string | undefined): string | undefined {
  if (connection === undefined || policy.repairs.nominated !== "on") return connection;
  const fields = traceFields(policy);
  const options = connection.split(",").map((option) => option.trim());
  const kept = options.filter((option) => !fields.includes(option.toLowerCase()));
  return kept.length === 0 ? undefined : kept.join(", ");
}

/** A target is a text, a URL or an object with a host. */
function hostOf(target: unknown): string {
  const named = (typeof target === "string" ? URL.parse(target) : target) as { readonly host?: unknown } | null;
  return typeof named?.host === "string" ? named.host : "";
}
