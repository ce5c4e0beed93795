/** The boundary around a fetch function: where every request comes by, and before any router. */
import type { ServiceBoundary, ServiceBoundaryOptions, WaitUntil } from "@tracemend/context";
import { defineServiceBoundary, exposeTraceresponse } from "@tracemend/context";
import type { Entered } from "./entered.ts";
import { enter, pass } from "./entered.ts";
import { keepPassage } from "./passage.ts";

/** `app.fetch`, or any function of its shape: the environment and the execution context may come behind the request. */
export type Fetch<Rest extends Behind> = (request: Request, ...rest: Rest) => Response | Promise<Response>;

type Behind = readonly [env?: unknown, executionContext?: unknown];

/**
 * The same boundary as the middleware, around `app.fetch`: `serve({ fetch: bounded(app.fetch, options) })`. It costs less,
 * for an app of one handler takes a shorter way without middleware. Handlers ask `passageOf(c)`. Throws a `TypeError` that
 * names the option and the value.
 */
export function bounded<Rest extends Behind>(fetch: Fetch<Rest>, options: ServiceBoundaryOptions): Fetch<Rest> {
  return around(fetch as Fetch<Behind>, defineServiceBoundary(options));
}

/** By name: a list of the rest would be made anew for every request. */
function around(fetch: Fetch<Behind>, service: ServiceBoundary): Fetch<Behind> {
  if (!service.observed && !service.answers)
    return function tracemendBounded(request, env, executionContext) {
      return fetch(tryPass(service, request, env), env, executionContext);
    };
  return function tracemendBounded(request, env, executionContext) {
    const entered = tryEnter(service, request, env);
    if (entered === undefined) return fetch(request, env, executionContext);
    const { request: seen, fields, tell } = entered;
    // Without a promise where the app makes none: servers have a shorter way for that, too.
    if (tell === undefined && fields.length === 0) return fetch(seen, env, executionContext);
    return follow(entered, fetch, env, executionContext);
  };
}

// The request goes on, whatever a runtime refuses to have read or written.

function tryPass(service: ServiceBoundary, request: Request, env: unknown): Request {
  try {
    return pass(service, request, env);
  } catch {
    return request;
  }
}

function tryEnter(service: ServiceBoundary, request: Request, env: unknown): Entered | undefined {
  try {
    const entered = enter(service, request, env);
    keepPassage(entered.request, entered.passage);
    return entered;
  } catch {
    return undefined;
  }
}

async function follow(
  { request, fields, tell }: Entered,
  fetch: Fetch<Behind>,
  env: unknown,
  executionContext: unknown,
): Promise<Response> {
  const waitUntil: WaitUntil = (work) => {
    (executionContext as { readonly waitUntil?: WaitUntil } | undefined)?.waitUntil?.(work);
  };
  let status: number | undefined;
  try {
    const response = await fetch(request, env, executionContext);
    ({ status } = response);
    return fields.length === 0 ? response : answered(response, fields);
  } finally {
    tell?.(status, waitUntil);
  }
}

/** The same response with the fields; a new one where its own cannot be written to. */
function answered(response: Response, fields: Entered["fields"]): Response {
  // An upgrade is no answer whose fields could be set: a Response of that status cannot even be made.
  if (response.status < 200) return response;
  try {
    setFields(response.headers, fields);
    return response;
  } catch {
    const copy = new Response(response.body, response);
    setFields(copy.headers, fields);
    return copy;
  }
}

function setFields(headers: Headers, fields: Entered["fields"]): void {
  for (const [name, value] of fields) {
    if (name === "server-timing") headers.append(name, value);
    else headers.set(name, value);
  }
  if (!headers.has("traceresponse") || !headers.has("access-control-allow-origin")) return;
  const exposed = exposeTraceresponse(headers.get("access-control-expose-headers") ?? undefined);
  if (exposed !== undefined) headers.set("access-control-expose-headers", exposed);
}
