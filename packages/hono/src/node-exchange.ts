/** What a Node server below Hono knows beyond the web's Request: raw lines, and when an answer has really ended. */
import type { Crossing, CrossingFailure, NodeMessage, NodeSocket, Peer } from "@tracemend/context";

/** The part of Node's request that is used; `@hono/node-server` passes it on as `c.env.incoming`. */
export interface Incoming extends NodeMessage {
  readonly rawHeaders: string[];
  readonly httpVersion: string;
  readonly socket: NodeSocket & {
    readonly remotePort?: number | undefined;
    readonly encrypted?: boolean;
  };
}

/** The part of Node's response that is used. */
export interface Outgoing {
  readonly statusCode: number;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly writableFinished: boolean;
  readonly errored?: Error | null;
  /** Comes once. */
  on(event: "close", listener: () => void): unknown;
}

export interface NodeExchange {
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
}

/**
 * The exchange this very request came over; undefined on a fetch runtime. An app may hand its `env` on with a request of
 * its own making, and then the raw lines are not that request's: only the server's stand-in for a Request, which no class
 * made, is a view of them.
 */
export function nodeExchangeOf(request: Request, env: unknown): NodeExchange | undefined {
  const exchange = env as Partial<NodeExchange> | null | undefined;
  if (!Array.isArray(exchange?.incoming?.rawHeaders) || exchange.outgoing === undefined) return undefined;
  const prototype = Object.getPrototypeOf(request) as object;
  if (prototype !== standIns && Object.hasOwn(prototype, "constructor")) return undefined;
  standIns = prototype;
  return exchange as NodeExchange;
}

/** The prototype that the server's stand-ins had last: to ask it again costs more than to read the lines. */
let standIns: object | undefined;

export function peerOf({ socket }: Incoming): Peer | undefined {
  const { remoteAddress: address, remotePort: port } = socket;
  return address === undefined || port === undefined ? undefined : { address, port };
}

export function protocolOf({ httpVersion }: Incoming): Crossing["protocol"] {
  if (httpVersion === "1.1") return "http/1.1";
  return httpVersion === "1.0" ? "http/1.0" : "h2";
}

/** HTTP/2 reports every stream as finished: whether the app ended it tells. */
export function failureOf(outgoing: Outgoing): CrossingFailure | undefined {
  if (outgoing.writableEnded && outgoing.writableFinished) return undefined;
  const broken = outgoing.errored !== undefined && outgoing.errored !== null;
  return broken ? { kind: "internal", side: "internal" } : { kind: "client-gone", side: "downstream" };
}
