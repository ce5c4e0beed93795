/** CORS: a browser that is granted the request may send trace fields with it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { allowTraceFields } from "@tracemend/context";
import { beforeHead, listOf } from "./before-head.ts";
import type { Middleware } from "./express.ts";

/**
 * Adds the trace fields a preflight asks for to `Access-Control-Allow-Headers`, where the app's own CORS grants the
 * origin; it grants none itself. Mount it before the middleware that answers preflights.
 */
export function allowTraceHeaders(): Middleware {
  return function tracemendAllowTraceHeaders(request, response, next) {
    if (isPreflight(request)) beforeHead(response, () => allow(request, response));
    next();
  };
}

/** Source: Fetch, section 3.3.2. */
function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === "OPTIONS" && headers.origin !== undefined && asked(headers) !== undefined;
}

function asked(headers: IncomingMessage["headers"]): string | undefined {
  return headers["access-control-request-headers"];
}

function allow({ headers }: IncomingMessage, response: ServerResponse): void {
  if (!response.hasHeader("access-control-allow-origin")) return;
  const list = allowTraceFields(asked(headers) ?? "", listOf(response, "access-control-allow-headers"));
  if (list !== undefined) response.setHeader("access-control-allow-headers", list);
}
