/** eu-1: an Express shop. What it needs from the other cluster it asks its egress for. */
import "./tracing.ts";
import { createServer } from "node:http";
import express from "express";
import { listen } from "./listen.ts";

const EGRESS = process.env["EGRESS_URL"];

const shop = express();

shop.get("/:what", async (request, response) => {
  const answer = await fetch(`${EGRESS}/${request.params.what}`, {
    headers: { "x-request-id": request.get("x-request-id") ?? "" },
  });
  response.status(answer.status).json({ shop: await answer.json() });
});

listen(createServer(shop));
