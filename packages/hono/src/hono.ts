/** The boundary as Hono middleware. It only translates: what is decided is decided in `@tracemend/context`. */
import type { ServiceBoundary, ServiceBoundaryOptions, Passage } from "@tracemend/context";
import { defineServiceBoundary, exposeTraceresponse } from "@tracemend/context";
import type { Context, MiddlewareHandler, Next } from "hono";
import type { Entered } from "./entered.ts";
import { enter } from "./entered.ts";
import { passageOf } from "./passage.ts";

/** What `boundary` sets: `new Hono<{ Variables: BoundaryVariables }>()`. */
export interface BoundaryVariables {
  /** How the request was read and judged, and the context it goes on with; undefined where nothing could be read. */
  passage: Passage | undefined;
}

type BoundaryContext = Context<{ Variables: BoundaryVariables }>;

/**
 * Middleware for Hono on Node and on fetch runtimes. Whatever is mounted behind it sees the judged trace fields in
 * `c.req`, and the context in `c.get("passage")`. It calls `next` exactly once and at once. Throws a `TypeError` that
 * names the option and the value.
 */
export function boundary(options: ServiceBoundaryOptions): MiddlewareHandler<{ Variables: BoundaryVariables }> {
  const service = defineServiceBoundary(options);
  return function tracemendBoundary(c, next) {
    const entered = tryEnter(service, c);
    return entered === undefined ? next().then(toNothing) : leaveAfter(next, entered, c);
  };
}

/** Hono's own `next` resolves to more than it declares, and would take that for an answer. */
function toNothing(): void {}

async function leaveAfter(next: Next, entered: Entered, c: BoundaryContext): Promise<void> {
  try {
    await next();
  } finally {
    tryLeave(entered, c);
  }
}

/** Undefined where nothing is left to do behind the app: all there was to do, or all that a runtime refused. */
function tryEnter(service: ServiceBoundary, c: BoundaryContext): Entered | undefined {
  try {
    const before = passageOf(c);
    const entered = before?.boundary === service.boundary ? undefined : enter(service, c.req.raw, c.env);
    const passage = entered?.passage ?? before;
    c.set("passage", passage);
    if (entered === undefined) return undefined;
    if (entered.request !== c.req.raw) c.req.raw = entered.request;
    return entered.tell === undefined && entered.fields.length === 0 ? undefined : entered;
  } catch {
    // The request goes on, whatever a runtime or another middleware refuses to have read or written.
    return undefined;
  }
}

function tryLeave({ fields, tell }: Entered, c: BoundaryContext): void {
  try {
    if (fields.length > 0) answer(c, fields);
  } catch {
    // The answer goes out, whatever a runtime refuses to have written.
  }
  tell?.(c.finalized ? c.res.status : undefined, (work) => waitFor(c, work));
}

/** On a worker. Elsewhere Hono throws, and there the process goes on by itself. */
function waitFor(c: BoundaryContext, work: Promise<unknown>): void {
  try {
    c.executionCtx.waitUntil(work);
  } catch {
    // Nothing is to be done about it.
  }
}

function answer(c: BoundaryContext, fields: Entered["fields"]): void {
  // An upgrade is no answer whose fields could be set: a Response of that status cannot even be made.
  if (!c.finalized || c.res.status < 200) return;
  for (const [name, value] of fields) c.header(name, value, { append: name === "server-timing" });
  const { headers } = c.res;
  if (!headers.has("traceresponse") || !headers.has("access-control-allow-origin")) return;
  const exposed = exposeTraceresponse(headers.get("access-control-expose-headers") ?? undefined);
  if (exposed !== undefined) c.header("access-control-expose-headers", exposed);
}
