/** The edge: browsers call it. Their context is not believed; every trace begins here, under a span of the edge's own. */
import type { Crossing, OwnSpans } from "@tracemend/context";
import { createIds, formatTraceparent } from "@tracemend/context";
import type { BoundaryVariables } from "@tracemend/hono";
import { allowTraceHeaders, boundary } from "@tracemend/hono";
import { Hono } from "hono";
import { cors } from "hono/cors";

export interface EdgeOptions {
  /** How the catalogue is reached: `fetch`, a service binding, or another app's `fetch`. */
  readonly catalogue: (request: Request) => Response | Promise<Response>;
  /** The page that may call the edge. */
  readonly origin: string;
  /** Takes every span for export: only because of that its id may be named as a parent. */
  readonly exportSpan: (crossing: Crossing) => void;
}

const ids = createIds((bytes) => crypto.getRandomValues(bytes));

/** One span serves the request and is the parent of what it calls. */
function newSpan(): OwnSpans {
  const spanId = ids.spanId();
  return { traceId: ids.traceId(), serverSpanId: spanId, clientSpanId: spanId };
}

export function createEdge({ catalogue, origin, exportSpan }: EdgeOptions): Hono<{ Variables: BoundaryVariables }> {
  const app = new Hono<{ Variables: BoundaryVariables }>();
  app.use(
    boundary({
      boundary: { name: "edge", cluster: "eu-1", policy: { trust: "restart" } },
      spans: newSpan,
      observer: { crossed: exportSpan },
      answer: ["traceresponse", "server-timing"],
    }),
    allowTraceHeaders(),
    cors({ origin, allowHeaders: ["content-type"] }),
  );
  app.get("/products/:id", (c) => {
    const context = c.get("passage")?.context;
    const headers = new Headers();
    if (context !== undefined) {
      headers.set("traceparent", formatTraceparent(context));
      headers.set("tracestate", context.tracestate);
    }
    return catalogue(new Request(`http://catalogue/items/${c.req.param("id")}`, { headers }));
  });
  return app;
}
