/** The catalogue: called by the edge alone, so its context is believed. */
import type { Observer } from "@tracemend/context";
import type { BoundaryVariables } from "@tracemend/hono";
import { boundary } from "@tracemend/hono";
import { Hono } from "hono";

export function createCatalogue(observer: Observer): Hono<{ Variables: BoundaryVariables }> {
  const app = new Hono<{ Variables: BoundaryVariables }>();
  app.use(boundary({ boundary: { name: "catalogue", cluster: "eu-1" }, observer }));
  app.get("/items/:id", (c) => {
    const { traceId, parentId } = c.get("passage")?.context ?? {};
    return c.json({ id: c.req.param("id"), traceId, parentId });
  });
  return app;
}
