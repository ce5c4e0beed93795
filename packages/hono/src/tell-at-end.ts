/** Tells the observer of a request when its answer has ended. */
import type { CrossingFailure, Served, ServiceBoundary, ServicePassage, WaitUntil } from "@tracemend/context";
import { linesOfMessage } from "@tracemend/context";
import type { Context } from "hono";
import { linesOfHeaders } from "./field-lines.ts";
import type { NodeExchange } from "./node-exchange.ts";
import { failureOf, peerOf, protocolOf } from "./node-exchange.ts";

const TOLD_FIELDS = ["user-agent", "x-request-id"];

/** How a request ended. */
type End = Pick<Served, "status" | "failure" | "protocol" | "lines">;

/**
 * On Node the answer has ended when its response closes. Elsewhere nobody tells: it is taken to end when the app has
 * given it, by calling what is returned.
 */
export function tellAtEnd(
  service: ServiceBoundary,
  passage: ServicePassage,
  startMs: number,
  c: Context,
  exchange: NodeExchange | undefined,
): (() => void) | undefined {
  const { method, url } = c.req;
  const downstream = exchange === undefined ? undefined : peerOf(exchange.incoming);
  const tell = (end: End, waitUntil?: WaitUntil): void => {
    service.tell(passage, { ...end, ...placeOf(url), startMs, method, downstream }, waitUntil);
  };
  if (exchange === undefined) return () => tell(endOnFetch(c), waitUntilOf(c));
  const { incoming, outgoing } = exchange;
  outgoing.once("close", () => {
    tell({
      protocol: protocolOf(incoming),
      status: outgoing.headersSent ? outgoing.statusCode : undefined,
      failure: failureOf(outgoing),
      lines: linesOfMessage(incoming),
    });
  });
  return undefined;
}

/** `http[s]://authority/target`, taken apart: a URL object costs more than the whole judgement. */
function placeOf(url: string): Pick<Served, "scheme" | "authority" | "target"> {
  const scheme = url.startsWith("https:") ? "https" : "http";
  const start = scheme.length + "://".length;
  const end = url.indexOf("/", start);
  return end < 0
    ? { scheme, authority: url.slice(start), target: "/" }
    : { scheme, authority: url.slice(start, end), target: url.slice(end) };
}

/** Of a worker. Elsewhere Hono throws, and there nothing ends with the answer. */
function waitUntilOf(c: Context): WaitUntil {
  return (work) => {
    try {
      c.executionCtx.waitUntil(work);
    } catch {
      // The process goes on by itself.
    }
  };
}

/** The web's Request does not tell its version. */
function endOnFetch(c: Context): End {
  const status = c.finalized ? c.res.status : undefined;
  const lines = linesOfHeaders(c.req.raw.headers, TOLD_FIELDS);
  return { protocol: "http/1.1", status, failure: failureOnFetch(c), lines };
}

function failureOnFetch(c: Context): CrossingFailure | undefined {
  // Some runtimes have no signal on a request that came in.
  const { signal }: Partial<Request> = c.req.raw;
  if (signal?.aborted ?? false) return { kind: "client-gone", side: "downstream" };
  return c.finalized ? undefined : { kind: "internal", side: "internal" };
}
