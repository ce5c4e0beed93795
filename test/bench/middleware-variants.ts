/** The apps `middleware.ts` compares, each at a port: `node test/bench/middleware-variants.ts "express bare" "express boundary"`. */
import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { once } from "node:events";
import { createRequire } from "node:module";
import type * as Http from "node:http";
import type { AddressInfo } from "node:net";
import type * as NodeServer from "@hono/node-server";
import { trace } from "@opentelemetry/api";
import type * as ExpressInstrumentations from "@opentelemetry/instrumentation-express";
import type * as HttpInstrumentations from "@opentelemetry/instrumentation-http";
import type * as Sdk from "@opentelemetry/sdk-node";
import type { Crossing, OwnSpans, ServiceBoundaryOptions } from "@tracemend/context";
import { createIds } from "@tracemend/context";
import { boundary as expressBoundary, bounded as expressBounded } from "@tracemend/express";
import { boundary as honoBoundary, bounded, passageOf } from "@tracemend/hono";
import type { BoundaryVariables } from "@tracemend/hono";
import type * as ExpressModule from "express";
import type { Express, Response as ExpressResponse } from "express";
import type { Context } from "hono";
import { Hono } from "hono";
import { TRACE, TRACEPARENT } from "./middleware-request.ts";

interface Variant {
  readonly own: Http.RequestListener;
  /** The same app without what is around it. */
  readonly bare?: Http.RequestListener;
}

const PRODUCT = { name: "lamp", pieces: 12 };
const ids = createIds((bytes) => void randomFillSync(bytes));
const PLAIN: ServiceBoundaryOptions = { boundary: { name: "shop", cluster: "eu-1" } };

let told = 0;
const OBSERVED: ServiceBoundaryOptions = {
  ...PLAIN,
  observer: {
    crossed({ startMs, endMs }: Crossing) {
      told += endMs - startMs;
    },
  },
};
const SPANS: ServiceBoundaryOptions = {
  ...OBSERVED,
  spans: (): OwnSpans => ({ traceId: ids.traceId(), serverSpanId: ids.spanId(), clientSpanId: ids.spanId() }),
};

const BESIDE_SDK: ServiceBoundaryOptions = {
  ...OBSERVED,
  answer: ["traceresponse"],
  servedBy: () => trace.getActiveSpan()?.spanContext(),
};

const require = createRequire(import.meta.url);

/** Node's own server: instrumentation patches what CommonJS loads, and only what is loaded after it. */
function serverOf(listener: Http.RequestListener): Http.Server {
  const { createServer } = require("node:http") as typeof Http;
  return createServer(listener);
}

const activeTrace = (): string => trace.getActiveSpan()?.spanContext().traceId ?? "";

function express(
  mount: (app: Express) => void,
  seen: (response: ExpressResponse) => string,
  around?: (app: Http.RequestListener) => Http.RequestListener,
): Variant {
  const app = (require("express") as typeof ExpressModule.default)();
  mount(app);
  app.get("/products/:id", (request, response) => void response.json({ id: request.params.id, ...PRODUCT }));
  app.get("/seen", (_request, response) => void response.send(seen(response)));
  return around === undefined ? { own: app } : { own: around(app), bare: app };
}

type App = Hono<{ Variables: BoundaryVariables }>;
type Seen = (c: Context<{ Variables: BoundaryVariables }>) => string;

function hono(mount: (app: App) => void, seen: Seen, around?: (fetch: App["fetch"]) => App["fetch"]): Variant {
  // Loaded here, because it loads node:http.
  const { getRequestListener } = require("@hono/node-server") as typeof NodeServer;
  const app: App = new Hono();
  mount(app);
  app.get("/products/:id", (c) => c.json({ id: c.req.param("id"), ...PRODUCT }));
  app.get("/seen", (c) => c.text(seen(c)));
  const listen = (fetch: App["fetch"]): Http.RequestListener => {
    const listener = getRequestListener(fetch);
    return (request, response) => void listener(request, response);
  };
  return around === undefined
    ? { own: listen(app.fetch) }
    : { own: listen(around(app.fetch)), bare: listen(app.fetch) };
}

/** The boundary around the app, which has no middleware then. */
const honoBounded = (options: ServiceBoundaryOptions): Variant =>
  hono(
    () => {},
    (c) => passageOf(c)?.context?.traceId ?? "",
    (fetch) => bounded(fetch, options),
  );

function instrument(withExpress: boolean): void {
  const { NodeSDK } = require("@opentelemetry/sdk-node") as typeof Sdk;
  const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http") as typeof HttpInstrumentations;
  const { ExpressInstrumentation } =
    require("@opentelemetry/instrumentation-express") as typeof ExpressInstrumentations;
  const dropping = {
    onStart() {},
    onEnd() {},
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const instrumentations = withExpress
    ? [new HttpInstrumentation(), new ExpressInstrumentation()]
    : [new HttpInstrumentation()];
  new NodeSDK({ instrumentations, spanProcessors: [dropping] }).start();
}

const local = (response: ExpressResponse): string => response.locals.passage?.context?.traceId ?? "";
const variable = (c: Context<{ Variables: BoundaryVariables }>): string => c.get("passage")?.context?.traceId ?? "";

const VARIANTS = {
  "express bare": () => express(() => {}, local),
  "express no-op": () => express((app) => void app.use((_request, _response, next) => next()), local),
  "express no-op around": () =>
    express(
      () => {},
      local,
      (app) => (request, response) => app(request, response),
    ),
  "express boundary": () => express((app) => void app.use(expressBoundary(PLAIN)), local),
  "express boundary, observed": () => express((app) => void app.use(expressBoundary(OBSERVED)), local),
  "express boundary, own spans": () => express((app) => void app.use(expressBoundary(SPANS)), local),
  "express bounded": () =>
    express(
      () => {},
      local,
      (app) => expressBounded(app, PLAIN),
    ),
  "express bounded, observed": () =>
    express(
      () => {},
      local,
      (app) => expressBounded(app, OBSERVED),
    ),
  "express bounded, own spans": () =>
    express(
      () => {},
      local,
      (app) => expressBounded(app, SPANS),
    ),
  "express OpenTelemetry http": () => {
    instrument(false);
    return express(() => {}, activeTrace);
  },
  "express OpenTelemetry http + express": () => {
    instrument(true);
    return express(() => {}, activeTrace);
  },
  "express OpenTelemetry http + express, boundary": () => {
    instrument(true);
    return express(
      (app) => void app.use(expressBoundary(BESIDE_SDK)),
      (response) => (local(response) === activeTrace() ? activeTrace() : "two traces"),
    );
  },
  "hono bare": () => hono(() => {}, variable),
  "hono no-op": () => hono((app) => void app.use(async (_c, next) => next()), variable),
  "hono no-op around": () =>
    hono(
      () => {},
      variable,
      (fetch) =>
        (...request) =>
          fetch(...request),
    ),
  "hono boundary": () => hono((app) => void app.use(honoBoundary(PLAIN)), variable),
  "hono boundary, observed": () => hono((app) => void app.use(honoBoundary(OBSERVED)), variable),
  "hono boundary, own spans": () => hono((app) => void app.use(honoBoundary(SPANS)), variable),
  "hono bounded": () => honoBounded(PLAIN),
  "hono bounded, observed": () => honoBounded(OBSERVED),
  "hono bounded, own spans": () => honoBounded(SPANS),
  "hono OpenTelemetry http": () => {
    instrument(false);
    return hono(() => {}, activeTrace);
  },
  "hono OpenTelemetry http, boundary": () => {
    instrument(false);
    return hono(
      (app) => void app.use(honoBoundary(BESIDE_SDK)),
      (c) => (variable(c) === activeTrace() ? activeTrace() : "two traces"),
    );
  },
} as const satisfies Readonly<Record<string, () => Variant>>;

export type VariantName = keyof typeof VARIANTS;

const VARIANT_NAMES: readonly VariantName[] = Object.keys(VARIANTS) as VariantName[];

/** The one of that name, or all whose names contain it. */
export function namesLike(part: string): readonly VariantName[] {
  const exact = VARIANT_NAMES.filter((name) => name === part);
  return exact.length > 0 ? exact : VARIANT_NAMES.filter((name) => name.includes(part));
}

export function bareOf(name: VariantName): VariantName {
  return name.startsWith("express") ? "express bare" : "hono bare";
}

/** That the app answers, and goes on in the trace it was called in, where it can tell. */
export async function proveApp(name: VariantName, port: number): Promise<void> {
  const ask = (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { traceparent: TRACEPARENT } });
  assert.deepEqual(await (await ask("/products/7")).json(), { id: "7", ...PRODUCT }, name);
  assert.equal(await (await ask("/seen")).text(), /bare|no-op/.test(name) ? "" : TRACE, name);
}

function createServer(name: VariantName): Http.Server {
  return serverOf(VARIANTS[name]().own);
}

/** An app, and a bare one: the very same where nothing is mounted in it, for even two bare apps of one process differ. */
export function createPair(name: VariantName): Required<Variant> {
  const bareFirst = Math.random() < 0.5 ? VARIANTS[bareOf(name)]() : undefined;
  const { own, bare } = VARIANTS[name]();
  return { own, bare: bare ?? (bareFirst ?? VARIANTS[bareOf(name)]()).own };
}

if (import.meta.main) {
  const servers = process.argv.slice(2).map((name) => createServer(name as VariantName));
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send?.(user + system);
  });
  process.once("disconnect", () => process.exit(told < 0 ? 1 : 0));
  for (const server of servers) await once(server.listen(0, "127.0.0.1"), "listening");
  process.send?.(servers.map((server) => (server.address() as AddressInfo).port));
}
