/** The edge on a Node server, the catalogue as a plain fetch app behind it, and what a browser would ask of them. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { createAdaptorServer } from "@hono/node-server";
import type { Crossing } from "@tracemend/context";
import { createCatalogue } from "./catalogue.ts";
import { createEdge } from "./edge.ts";

const { values } = parseArgs({ options: { once: { type: "boolean", default: false } } });

const ORIGIN = "https://shop.example";
const CLAIMED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

function show({ boundary, method, path, verdict, spans }: Crossing): void {
  const links = (verdict.links ?? []).map(({ traceId }) => ` link ${traceId}`).join("");
  const span = spans === undefined ? "" : ` span ${spans.serverSpanId}`;
  console.log(`  ${boundary.padEnd(9)} ${method} ${path}  ${verdict.reason.padEnd(10)}${span}${links}`);
}

const catalogue = createCatalogue({ crossed: show });
const edge = createEdge({ origin: ORIGIN, exportSpan: show, catalogue: (request) => catalogue.fetch(request) });

const server = createAdaptorServer({ fetch: edge.fetch });
server.listen(Number(process.env["PORT"] ?? 0), "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/products/7`;

console.log("a browser asks whether it may:");
const preflight = await fetch(url, {
  method: "OPTIONS",
  headers: {
    origin: ORIGIN,
    "access-control-request-method": "GET",
    "access-control-request-headers": "traceparent",
  },
});
console.log(`  allowed headers: ${preflight.headers.get("access-control-allow-headers")}`);

console.log("it asks, and claims a trace of its own:");
const answer = await fetch(url, { headers: { origin: ORIGIN, traceparent: CLAIMED } });
console.log(`  catalogue saw ${await answer.text()}`);
console.log(`  traceresponse: ${answer.headers.get("traceresponse")}`);
console.log(`  server-timing: ${answer.headers.get("server-timing")}`);
console.log(`  exposed:       ${answer.headers.get("access-control-expose-headers")}`);

if (values.once) server.close();
else console.log(`\nThe edge is at ${url}; Ctrl-C ends it.`);
