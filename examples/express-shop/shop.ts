/** The shop: called from outside, asks the stock for each product. */
import type { Observer, TraceContext } from "@tracemend/context";
import { formatTraceparent } from "@tracemend/context";
import { boundary } from "@tracemend/express";
import type { Express } from "express";
import express from "express";

export function createShop(stockUrl: string, observer: Observer): Express {
  const app = express();
  app.use(boundary({ boundary: { name: "shop", cluster: "eu-1", policy: { repair: "on" } }, observer }));
  app.get("/products/:id", async (request, response) => {
    const headers = traceHeaders(response.locals.passage?.context);
    const stock = await fetch(`${stockUrl}/stock/${request.params.id}`, { headers });
    response.json({ id: request.params.id, stock: await stock.json() });
  });
  return app;
}

/** What an outgoing call carries: the context as it came, because this service exports no span that could stand in it. */
function traceHeaders(context: TraceContext | undefined): Record<string, string> {
  if (context === undefined) return {};
  const headers = { traceparent: formatTraceparent(context) };
  return context.tracestate === "" ? headers : { ...headers, tracestate: context.tracestate };
}
