/** Starts stock and shop, asks the shop for products under heads of every kind, and shows what each boundary decided. */
import { once } from "node:events";
import type { Server } from "node:http";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import type { Crossing } from "@tracemend/context";
import type { Express } from "express";
import { createShop } from "./shop.ts";
import { createStock } from "./stock.ts";

const { values } = parseArgs({ options: { once: { type: "boolean", default: false } } });

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const HEADS: readonly (readonly [what: string, lines: readonly string[]])[] = [
  ["a clean head", ["traceparent", TRACEPARENT]],
  ["the same line twice", ["traceparent", TRACEPARENT, "Traceparent", TRACEPARENT]],
  ["a hop that shouts", ["traceparent", TRACEPARENT.toUpperCase()]],
  ["no context", []],
];

const servers: Server[] = [];

async function listen(app: Express, port = 0): Promise<string> {
  const server = createServer(app).listen(port, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** fetch would join the two lines into one. */
async function ask(url: string, lines: readonly string[]): Promise<string> {
  const sent = request(url, { headers: ["Host", "shop", ...lines], agent: false }).end();
  const [response] = await once(sent, "response");
  return String(Buffer.concat(await response.toArray()));
}

const observer = {
  crossed({ boundary, method, path, status, verdict }: Crossing): void {
    const trace = verdict.context?.traceId ?? "no trace";
    console.log(`  ${boundary.padEnd(5)} ${method} ${path} ${status}  ${verdict.reason.padEnd(19)} ${trace}`);
  },
};

const shop = await listen(createShop(await listen(createStock(observer)), observer), Number(process.env["PORT"] ?? 0));
for (const [what, lines] of HEADS) {
  console.log(`${what}:`);
  const answer = await ask(`${shop}/products/7`, lines);
  console.log(`  answer ${answer}`);
}

if (values.once) for (const server of servers) server.close();
else console.log(`\nThe shop is at ${shop}/products/7; Ctrl-C ends it.`);
