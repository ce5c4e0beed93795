/** The boundary as Hono middleware. It only translates: what is decided is decided in `@tracemend/context`. */
import type { ServiceBoundary, ServiceBoundaryOptions, ServicePassage, TraceContext } from "@tracemend/context";
import {
  applyToMessage,
  arrivalOfMessage,
  defineServiceBoundary,
  exposeTraceresponse,
  linesOfMessage,
} from "@tracemend/context";
import type { Context, MiddlewareHandler } from "hono";
import { applyToStandIn, editedRequest } from "./edited-request.ts";
import { linesOfHeaders } from "./field-lines.ts";
import type { NodeExchange } from "./node-exchange.ts";
import { nodeExchangeOf } from "./node-exchange.ts";
import { tellAtEnd } from "./tell-at-end.ts";

/** What `boundary` sets: `new Hono<{ Variables: BoundaryVariables }>()`. */
export interface BoundaryVariables {
  /** The context the request goes on with; undefined where it has none. */
  traceContext: TraceContext | undefined;
  /** How it was read and judged. */
  passage: ServicePassage | undefined;
}

type BoundaryContext = Context<{ Variables: BoundaryVariables }>;

/**
 * Middleware for Hono on Node and on fetch runtimes. Whatever is mounted behind it sees the judged trace fields in
 * `c.req`, and the context by `c.get("traceContext")`. It calls `next` exactly once and at once. Throws a `TypeError` that
 * names the option and the value.
 */
export function boundary(options: ServiceBoundaryOptions): MiddlewareHandler<{ Variables: BoundaryVariables }> {
  const service = defineServiceBoundary(options);
  return async function tracemendBoundary(c, next) {
    const leave = tryEnter(service, c);
    if (leave === undefined) {
      await next();
      return;
    }
    try {
      await next();
    } finally {
      tryLeave(leave);
    }
  };
}

/** The request goes on, whatever a runtime or another middleware refuses to have read or written. */
function tryEnter(service: ServiceBoundary, c: BoundaryContext): (() => void) | undefined {
  try {
    return enter(service, c);
  } catch {
    return undefined;
  }
}

/** The answer goes out, whatever a runtime refuses to have written. */
function tryLeave(leave: () => void): void {
  try {
    leave();
  } catch {
    // Nothing is left to be done about it.
  }
}

/** What is left to do once the app has answered; undefined where that is nothing. */
function enter(service: ServiceBoundary, c: BoundaryContext): (() => void) | undefined {
  if (c.get("passage")?.boundary === service.boundary) return undefined;
  const startMs = service.observed ? service.now() : 0;
  const exchange = nodeExchangeOf(c);
  const passage = exchange === undefined ? crossOnFetch(service, c) : crossOnNode(service, exchange);
  c.set("traceContext", passage.verdict.context);
  c.set("passage", passage);
  applyEdits(c, exchange, passage);
  const fields = service.answers ? service.answer(passage) : undefined;
  const tell = service.observed ? tellAtEnd(service, passage, startMs, c, exchange) : undefined;
  if (fields === undefined || fields.length === 0) return tell;
  return () => {
    try {
      answer(c, fields);
    } finally {
      tell?.();
    }
  };
}

function crossOnNode(service: ServiceBoundary, { incoming }: NodeExchange): ServicePassage {
  const lines = linesOfMessage(incoming);
  const address = service.asksAddress ? incoming.socket.remoteAddress : undefined;
  return service.cross(lines, arrivalOfMessage(lines, address));
}

/** A Request does not tell who sent it. */
function crossOnFetch(service: ServiceBoundary, c: BoundaryContext): ServicePassage {
  return service.cross(linesOfHeaders(c.req.raw.headers, service.fields));
}

function applyEdits(c: BoundaryContext, exchange: NodeExchange | undefined, { verdict }: ServicePassage): void {
  if (verdict.edits.length === 0) return;
  if (exchange === undefined) {
    c.req.raw = editedRequest(c.req.raw, verdict.edits);
    return;
  }
  applyToMessage(exchange.incoming, verdict.edits);
  applyToStandIn(c.req.raw, verdict.edits);
}

function answer(c: BoundaryContext, fields: ReturnType<ServiceBoundary["answer"]>): void {
  // An upgrade is no answer whose fields could be set: a Response of that status cannot even be made.
  if (!c.finalized || c.res.status < 200) return;
  for (const [name, value] of fields) c.header(name, value, { append: name === "server-timing" });
  const { headers } = c.res;
  if (!headers.has("traceresponse") || !headers.has("access-control-allow-origin")) return;
  const exposed = exposeTraceresponse(headers.get("access-control-expose-headers") ?? undefined);
  if (exposed !== undefined) c.header("access-control-expose-headers", exposed);
}
