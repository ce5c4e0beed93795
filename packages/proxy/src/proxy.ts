/** createProxy(): the life of a request, phase by phase, and of the listener and connections around it. */
import { createDeadlines } from "./deadlines.ts";
import { Exchange } from "./exchange.ts";
import type { Failure } from "./failure.ts";
import { failureOf } from "./failure.ts";
import type { ForwardingOptions } from "./forwarding.ts";
import { completeForwarding } from "./forwarding.ts";
import type { ListenOptions, ProxyChange, ProxyOptions } from "./options.ts";
import { completeEngine, completeListen, completeRoutes, completeTls } from "./options.ts";
import { cross } from "./phases/cross.ts";
import { forward } from "./phases/forward.ts";
import { receive } from "./phases/receive.ts";
import { record } from "./phases/record.ts";
import { refuse } from "./phases/refuse.ts";
import { Relaying, relay } from "./phases/relay.ts";
import { route } from "./phases/route.ts";
import type { RefusalCounts } from "./refusals.ts";
import { createRefusals } from "./refusals.ts";
import { nodePlane } from "./plane/node-plane.ts";
import type { Caller } from "./plane/plane.ts";
import { createSecured } from "./plane/secured.ts";
import { completeSampling } from "./root-sampling.ts";
import type { Route } from "./route-options.ts";
import { completeQuery } from "./shown-query.ts";
import type { Standing } from "./site.ts";
import { createSite, retired } from "./site.ts";
import { createResolver } from "./upstream/resolver.ts";
import type { Service, UpstreamState } from "./upstream/service.ts";

export interface Proxy {
  readonly address: { readonly host: string; readonly port: number };
  /** Callers turned away before there was a request, so far. */
  refusals(): RefusalCounts;
  /** How each upstream stands now. */
  upstreams(): readonly UpstreamState[];
  /**
   * Other routes, upstreams and policies for every request from now on; those under way end by the rules they began
   * with. What is the same keeps its connections. Throws a `TypeError` where the rules cannot be, and then changes nothing.
   */
  reload(change: ProxyChange): void;
  /** Takes no new connection, lets open exchanges finish and tells callers to go; an aborted signal breaks off the rest. */
  close(signal: AbortSignal): Promise<void>;
}

/** Listens and proxies until closed. Throws a `TypeError` for an option that cannot be; rejects where it cannot listen. */
export async function createProxy(options: ProxyOptions): Promise<Proxy> {
  const { plane = nodePlane, random = Math.random, spans, observer } = options;
  const refusals = createRefusals(options.refused);
  const engine = completeEngine({ ...options, refused: refusals.tell });
  const { clock } = engine;
  const deadlines = createDeadlines<Exchange>(clock, DEADLINE_STEP_MS);
  const resolver = options.resolver ?? createResolver();
  const { watch } = options;
  const standing: Standing = { plane, engine, clock, random, resolver, watch, deadlines, spans, observer };
  const target = completeListen(options.listen);
  let site = createSite(options, standing);
  const retiring = new Set<Promise<unknown>>();
  let closing: AbortSignal | undefined;
  const retire = (services: readonly Service[]): void => {
    const gone = Promise.all(services.map((service) => service.close(NEVER))).finally(() => retiring.delete(gone));
    retiring.add(gone);
  };
  const accept = (caller: Caller): void => void pass(new Exchange(site, caller));
  const listener = await plane.listen(target, engine, accept).catch(async (error: unknown) => {
    await Promise.all([...site.services.values()].map((service) => service.close(AbortSignal.abort())));
    throw error;
  });
  return {
    address: listener.address,
    refusals: refusals.counts,
    upstreams: () => [...site.services.values()].map((service) => service.state()),
    reload(change) {
      if (closing !== undefined) return;
      if (change.tls !== undefined) completeTls(change.tls);
      const next = createSite(change, standing, site);
      try {
        if (change.tls !== undefined) listener.secure(change.tls);
      } catch (error) {
        retire(retired(next, site));
        throw error;
      }
      const old = retired(site, next);
      site = next;
      retire(old);
    },
    async close(signal) {
      closing = signal;
      const cut = (): void => deadlines.forEach((exchange) => exchange.settle(failureOf("closing")));
      signal.addEventListener("abort", cut, { once: true });
      if (signal.aborted) cut();
      await listener.close(signal);
      signal.removeEventListener("abort", cut);
      await Promise.all([...site.services.values()].map((service) => service.close(signal)));
      await Promise.all(retiring);
    },
  };
}

const NEVER = new AbortController().signal;

/** Deadlines are met up to this late. */
const DEADLINE_STEP_MS = 250;

/** Throws a `TypeError` that names the option and the value, and opens nothing. */
export function checkRoutes(routes: readonly Route[]): void {
  completeRoutes(routes, completeEngine({}));
}

/** Throws a `TypeError` that names the option and the value, and opens nothing. */
export function checkListen(listen: ListenOptions): void {
  completeListen(listen);
}

/** Throws a `TypeError` that names the option and the value. */
export function checkForwarding(forwarding: ForwardingOptions = {}): void {
  completeForwarding(forwarding);
}

/** Throws the `TypeError` that `reload` would, and opens nothing. */
export function checkChange({ routes, forwarding, sampling, query, tls }: ProxyChange): void {
  checkRoutes(routes);
  if (sampling !== undefined) completeSampling(sampling, "sampling");
  if (query !== undefined) completeQuery(query, "query");
  if (forwarding !== undefined) completeForwarding(forwarding);
  if (tls === undefined) return;
  completeTls(tls);
  createSecured(tls);
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
