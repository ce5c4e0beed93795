/** createProxy(): the life of a request, phase by phase, and of the listener and connections around it. */
import { createDeadlines } from "./deadlines.ts";
import type { Service, Site } from "./exchange.ts";
import { Exchange } from "./exchange.ts";
import type { Failure } from "./failure.ts";
import { failureOf } from "./failure.ts";
import type { ProxyOptions } from "./options.ts";
import { completeOptions } from "./options.ts";
import { cross } from "./phases/cross.ts";
import { forward } from "./phases/forward.ts";
import { receive } from "./phases/receive.ts";
import { record } from "./phases/record.ts";
import { refuse } from "./phases/refuse.ts";
import { Relaying, relay } from "./phases/relay.ts";
import { route } from "./phases/route.ts";
import type { RefusalCounts } from "./refusals.ts";
import { nodePlane } from "./plane/node-plane.ts";

export interface Proxy {
  readonly address: { readonly host: string; readonly port: number };
  /** Callers turned away before there was a request, so far. */
  refusals(): RefusalCounts;
  /** Takes no new connection, lets open exchanges finish and tells callers to go; an aborted signal breaks off the rest. */
  close(signal: AbortSignal): Promise<void>;
}

/** Listens and proxies until closed. Throws a `TypeError` for an option that cannot be; rejects where it cannot listen. */
export async function createProxy(options: ProxyOptions): Promise<Proxy> {
  const { listen, routes, engine, refusals } = completeOptions(options);
  const { plane = nodePlane, boundary, spans, observer } = options;
  const { clock, timeouts, limits } = engine;
  const services = routes.map(({ match, to }) => ({
    match,
    to: { target: to, connections: plane.connect(to, engine) } satisfies Service,
  }));
  const stepMs = Math.min(1_000, Math.ceil(Math.min(timeouts.answerMs, timeouts.idleMs) / 4));
  const deadlines = createDeadlines<Exchange>(clock, stepMs);
  const site: Site = { boundary, routes: services, spans, observer, clock, deadlines, timeouts, limits };
  const listener = await plane.listen(listen, engine, (caller) => void pass(new Exchange(site, caller)));
  return {
    address: listener.address,
    refusals: refusals.counts,
    async close(signal) {
      const cut = (): void => deadlines.forEach((exchange) => exchange.settle(failureOf("closing")));
      signal.addEventListener("abort", cut, { once: true });
      if (signal.aborted) cut();
      await listener.close(signal);
      signal.removeEventListener("abort", cut);
      await Promise.all(services.map(({ to }) => to.connections.close(signal)));
    },
  };
}

/** The life of a request. A phase gives the failure that ends it, or nothing. */
async function pass(exchange: Exchange): Promise<void> {
  let failure: Failure | undefined;
  try {
    failure =
      receive(exchange) ??
      route(exchange) ??
      cross(exchange) ??
      forward(exchange, new Relaying(exchange)) ??
      (await relay(exchange));
  } catch {
    failure = failureOf("internal");
    exchange.settle(failure);
  }
  if (failure !== undefined) refuse(exchange, failure);
  record(exchange, failure);
}
