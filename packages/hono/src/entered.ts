/** One request at the boundary, whichever way it came in: read, judged, edited, and its end watched. */
import type { CrossingFailure, Exchanged, ServiceBoundary, Passage, WaitUntil } from "@tracemend/context";
import { applyToMessage, linesOfMessage } from "@tracemend/context";
import { applyToStandIn, editedRequest } from "./edited-request.ts";
import { linesOfHeaders } from "./field-lines.ts";
import type { NodeExchange } from "./node-exchange.ts";
import { failureOf, nodeExchangeOf, peerOf, protocolOf } from "./node-exchange.ts";
import { keepPassage } from "./passage.ts";

export interface Entered {
  readonly passage: Passage;
  /** What the app is to see: the request as it was, or a new one with the edits. */
  readonly request: Request;
  /** Fields for the answer. */
  readonly fields: ReturnType<ServiceBoundary["answer"]>;
  /** Tells the observer; undefined where nobody is to be told, or Node tells when the answer has ended. */
  readonly tell: ((status: number | undefined, waitUntil: WaitUntil) => void) | undefined;
}

const NO_FIELDS: Entered["fields"] = [];

export function enter(service: ServiceBoundary, request: Request, env: unknown): Entered {
  const startMs = service.observed ? service.now() : 0;
  const exchange = nodeExchangeOf(request, env);
  const passage = cross(service, request, exchange);
  const fields = service.answers ? service.answer(passage) : NO_FIELDS;
  const tell = service.observed ? watch(service, passage, startMs, request, exchange) : undefined;
  return { passage, request: edited(request, exchange, passage), fields, tell };
}

/** What is left to do where nobody is told and the answer says nothing: gives what the app is to see. */
export function pass(service: ServiceBoundary, request: Request, env: unknown): Request {
  const exchange = nodeExchangeOf(request, env);
  const passage = cross(service, request, exchange);
  const seen = edited(request, exchange, passage);
  keepPassage(seen, passage);
  return seen;
}

function cross(service: ServiceBoundary, request: Request, exchange: NodeExchange | undefined): Passage {
  if (exchange !== undefined) return service.crossMessage(exchange.incoming);
  // A Request does not tell who sent it.
  return service.cross(linesOfHeaders(request.headers, service.fields));
}

function edited(request: Request, exchange: NodeExchange | undefined, { edits }: Passage): Request {
  if (edits.length === 0) return request;
  if (exchange === undefined) return editedRequest(request, edits);
  applyToMessage(exchange.incoming, edits);
  applyToStandIn(request, edits);
  return request;
}

/** On Node the answer has ended when its response closes. Elsewhere nobody tells: there it ends when the app gives it. */
function watch(
  service: ServiceBoundary,
  passage: Passage,
  startMs: number,
  request: Request,
  exchange: NodeExchange | undefined,
): Entered["tell"] {
  if (exchange === undefined)
    return (status, waitUntil) =>
      service.tell(passage, exchangedOf(request, startMs, service.now(), endOnFetch(request, status)), waitUntil);
  const { incoming, outgoing } = exchange;
  // A socket that is closed no longer tells who was at its other end.
  const downstream = peerOf(incoming);
  outgoing.on("close", () =>
    service.tell(passage, exchangedOf(request, startMs, service.now(), endOnNode(exchange, downstream))),
  );
  return undefined;
}

/** What the request itself does not tell. */
type End = Pick<Exchanged, "downstream" | "protocol" | "status" | "failure" | "lines">;

/** `http[s]://authority/target` is taken apart: a URL object costs more than the whole judgement. */
function exchangedOf({ method, url }: Request, startMs: number, endMs: number, end: End): Exchanged {
  const scheme = url.startsWith("https:") ? "https" : "http";
  const start = scheme.length + "://".length;
  const slash = url.indexOf("/", start);
  const { downstream, protocol, status, failure, lines } = end;
  return {
    startMs,
    endMs,
    protocol,
    scheme,
    method,
    target: slash < 0 ? "/" : url.slice(slash),
    authority: slash < 0 ? url.slice(start) : url.slice(start, slash),
    downstream,
    status,
    failure,
    lines,
  };
}

function endOnNode({ incoming, outgoing }: NodeExchange, downstream: End["downstream"]): End {
  const status = outgoing.headersSent ? outgoing.statusCode : undefined;
  const lines = linesOfMessage(incoming);
  return { downstream, protocol: protocolOf(incoming), status, failure: failureOf(outgoing), lines };
}

const TOLD_FIELDS = ["user-agent", "x-request-id"];

/** The web's Request does not tell its version. */
function endOnFetch(request: Request, status: number | undefined): End {
  const lines = linesOfHeaders(request.headers, TOLD_FIELDS);
  return { downstream: undefined, protocol: "http/1.1", status, failure: failureOnFetch(request, status), lines };
}

function failureOnFetch(request: Request, status: number | undefined): CrossingFailure | undefined {
  // Some runtimes have no signal on a request that came in.
  const { signal }: Partial<Request> = request;
  if (signal?.aborted ?? false) return { kind: "client-gone", side: "downstream" };
  return status === undefined ? { kind: "internal", side: "internal" } : undefined;
}
