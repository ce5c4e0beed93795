/** A Hono app on a fetch runtime, Bun or Deno: run as a program it serves on a port of the kernel and prints which. */
import { defineBoundary } from "@tracemend/context";
import type { Crossing } from "@tracemend/context";
import { bounded, boundary, passageOf } from "@tracemend/hono";
import { createOutbound } from "@tracemend/outbound";
import { Hono } from "hono";
import type { Context } from "hono";

const crossings: string[] = [];
const options = {
  boundary: { name: "edge", cluster: "eu-1", policy: { repairs: { case: "on" } } },
  observer: {
    crossed: ({ path, status, verdict }: Crossing) => void crossings.push(`${path} ${status} ${verdict.reason}`),
  },
} as const;

const outbound = createOutbound({
  boundary: defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1" }),
  targets: ["127.0.0.1"],
  servers: false,
});

/** What the app sees of the context, and of the body. */
async function seen(c: Context): Promise<Response> {
  const header = c.req.header("traceparent") ?? "none";
  return c.json([header, passageOf(c)?.context?.traceId ?? "none", await c.req.text()]);
}

/** Calls the service that `to` names, and tells what it saw. */
async function call(c: Context): Promise<Response> {
  const { method, path, raw } = c.req;
  const handled = { method, path, lines: [...raw.headers].flat() };
  return outbound.handle(handled, async () => c.text(await (await outbound.fetch(c.req.query("to") ?? "")).text()));
}

const shop = new Hono().all("/seen", seen).get("/call", call);
const inside = new Hono().use(boundary(options)).route("/", shop);
const around = bounded(shop.fetch, options);
const app = new Hono()
  .get("/crossings", (c) => c.json(crossings.splice(0)))
  .mount("/in", inside.fetch)
  .mount("/around", around);

interface Runtimes {
  readonly Bun?: { serve(options: object): { readonly port: number } };
  readonly Deno?: { serve(options: object, handle: (request: Request) => Response | Promise<Response>): unknown };
}

const { Bun, Deno } = globalThis as Runtimes;
const listen = { port: 0, hostname: "127.0.0.1" };
const say = ({ port }: { readonly port: number }): void => void process.stdout.write(`port ${port}\n`);
const handle = (request: Request): Response | Promise<Response> => app.fetch(request);
if (Bun !== undefined) say(Bun.serve({ ...listen, fetch: handle }));
else Deno?.serve({ ...listen, onListen: say }, handle);
