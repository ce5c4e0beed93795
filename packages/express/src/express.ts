/** The boundary as Express middleware. It only translates: what is decided is decided in `@tracemend/context`. */
import { ServerResponse } from "node:http";
import type { IncomingMessage } from "node:http";
import type { CrossingFailure, ServiceBoundary, ServiceBoundaryOptions, Passage } from "@tracemend/context";
import { applyToMessage, defineServiceBoundary, exposeTraceresponse, linesOfMessage } from "@tracemend/context";
import { beforeHead, listOf } from "./before-head.ts";

/** What `boundary` leaves in `res.locals`. */
export interface BoundaryLocals {
  /** How the request was read and judged, and the context it goes on with; undefined where nothing could be read. */
  passage?: Passage | undefined;
}

declare global {
  namespace Express {
    interface Locals extends BoundaryLocals {}
  }
}

/** The part of Express's request that is used; a plain `IncomingMessage` will do. */
export interface BoundaryRequest extends IncomingMessage {
  /** The target as it came: routers shorten `url`. */
  readonly originalUrl?: string;
}

export interface BoundaryResponse extends ServerResponse {
  locals?: BoundaryLocals;
}

export type Middleware = (request: BoundaryRequest, response: BoundaryResponse, next: () => void) => void;

/**
 * Middleware for Express 4 and 5. Whatever is mounted behind it sees the judged trace fields in every view of the
 * request's headers, and the context in `res.locals.passage`. It calls `next` exactly once, at once and without an error.
 * Throws a `TypeError` that names the option and the value.
 */
export function boundary(options: ServiceBoundaryOptions): Middleware {
  const service = defineServiceBoundary(options);
  return function tracemendBoundary(request, response, next) {
    pass(service, request, response);
    next();
  };
}

/** A request listener, as `node:http` and `node:https` call it; an Express app is one. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * The same boundary around the whole app: `createServer(bounded(app, options))`. Any layer that is mounted costs a bare
 * app some microseconds a request; in front of the app there is none. Throws a `TypeError` as `boundary` does.
 */
export function bounded(app: Listener, options: ServiceBoundaryOptions): Listener {
  const service = defineServiceBoundary(options);
  const express = isApp(app) ? app : undefined;
  return function tracemendBounded(request, response) {
    if (express !== undefined) Object.setPrototypeOf(response, express.response);
    pass(service, request, response);
    app(request, response);
  };
}

/**
 * Express gives every answer the prototype of its app and then its locals. A property that is there before costs each
 * request some hundredths of its time: V8 goes through all of them again to find the shape behind the new prototype.
 */
function isApp(listener: Listener): listener is Listener & { readonly response: ServerResponse } {
  return "response" in listener && listener.response instanceof ServerResponse;
}

function pass(service: ServiceBoundary, request: BoundaryRequest, response: BoundaryResponse): void {
  try {
    enter(service, request, response);
  } catch {
    // Another middleware may have frozen what is written to here; the request goes on all the same.
  }
}

function enter(service: ServiceBoundary, request: BoundaryRequest, response: BoundaryResponse): void {
  const { locals } = response;
  if (locals?.passage?.boundary === service.boundary) return;
  const startMs = service.observed ? service.now() : 0;
  // Express itself asks for the folded fields, to say whether an answer is still fresh.
  const passage = service.crossFolded(request);
  applyToMessage(request, passage.edits);
  if (locals === undefined) response.locals = new FirstLocals(passage);
  else locals.passage = passage;
  if (service.answers) answer(service, passage, response);
  if (service.observed) observe(service, passage, startMs, request, response);
}

/** Without a prototype, as Express's own. A view is given a copy, so all of it is its own. */
class FirstLocals implements BoundaryLocals {
  passage: Passage;

  constructor(passage: Passage) {
    this.passage = passage;
  }
}
Object.setPrototypeOf(FirstLocals.prototype, null);

function answer(service: ServiceBoundary, passage: Passage, response: ServerResponse): void {
  const fields = service.answer(passage);
  if (fields.length === 0) return;
  beforeHead(response, () => {
    for (const [name, value] of fields) {
      if (name === "server-timing") response.appendHeader(name, value);
      else response.setHeader(name, value);
    }
    if (!response.hasHeader("traceresponse") || !response.hasHeader("access-control-allow-origin")) return;
    const exposed = exposeTraceresponse(listOf(response, "access-control-expose-headers"));
    if (exposed !== undefined) response.setHeader("access-control-expose-headers", exposed);
  });
}

function observe(
  service: ServiceBoundary,
  passage: Passage,
  startMs: number,
  request: BoundaryRequest,
  response: ServerResponse,
): void {
  const { socket } = request;
  // A socket that is closed no longer tells who was at its other end.
  const { remoteAddress: address, remotePort: port } = socket;
  response.on("close", () => {
    service.tell(passage, {
      startMs,
      endMs: service.now(),
      protocol: request.httpVersionMajor >= 2 ? "h2" : request.httpVersion === "1.0" ? "http/1.0" : "http/1.1",
      scheme: "encrypted" in socket && socket.encrypted === true ? "https" : "http",
      method: request.method ?? "GET",
      target: request.originalUrl ?? request.url ?? "/",
      authority: request.headers.host ?? "",
      downstream: address === undefined || port === undefined ? undefined : { address, port },
      status: response.headersSent ? response.statusCode : undefined,
      failure: failureOf(response),
      lines: linesOfMessage(request),
    });
  });
}

function failureOf(response: ServerResponse): CrossingFailure | undefined {
  if (response.writableEnded && response.writableFinished) return undefined;
  return response.errored === null
    ? { kind: "client-gone", side: "downstream" }
    : { kind: "internal", side: "internal" };
}
