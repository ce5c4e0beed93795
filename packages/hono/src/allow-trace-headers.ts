/** CORS: a browser that is granted the request may send trace fields with it. */
import { allowTraceFields } from "@tracemend/context";
import type { Context, MiddlewareHandler } from "hono";

/**
 * Adds the trace fields a preflight asks for to `Access-Control-Allow-Headers`, where the app's own CORS grants the
 * origin; it grants none itself. Mount it before the middleware that answers preflights.
 */
export function allowTraceHeaders(): MiddlewareHandler {
  return async function tracemendAllowTraceHeaders(c, next) {
    await next();
    const asked = askedBy(c);
    if (asked === undefined || !c.res.headers.has("access-control-allow-origin")) return;
    const list = allowTraceFields(asked, c.res.headers.get("access-control-allow-headers") ?? undefined);
    if (list !== undefined) c.header("access-control-allow-headers", list);
  };
}

/** The fields a preflight asks for. Source: Fetch, section 3.3.2. */
function askedBy({ req }: Context): string | undefined {
  if (req.method !== "OPTIONS" || req.header("origin") === undefined) return undefined;
  return req.header("access-control-request-headers");
}
