/** What every exchange of one proxy shares; replaced as a whole when the rules change. */
import { isDeepStrictEqual } from "node:util";
import type { Boundary } from "@tracemend/context";
import { wrong } from "./check.ts";
import type { Clock } from "./clock.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Exchange } from "./exchange.ts";
import type { Forwarding } from "./forwarding.ts";
import { completeForwarding } from "./forwarding.ts";
import type { ProxyRules } from "./options.ts";
import { completeRoutes } from "./options.ts";
import type { PassedObserver } from "./passed.ts";
import type { Limits } from "./plane/plane.ts";
import type { RootSampler } from "./root-sampling.ts";
import { completeSampling } from "./root-sampling.ts";
import type { RouteOf } from "./route-options.ts";
import { placesOf } from "./route-options.ts";
import type { SpanSource } from "./spans.ts";
import type { UpstreamSettings } from "./upstream/options.ts";
import type { ServiceMeans } from "./upstream/service.ts";
import { Service } from "./upstream/service.ts";

export interface Site {
  readonly boundary: Boundary;
  readonly routes: readonly RouteOf<Service>[];
  /** Those that CONNECT may take, and nothing else. */
  readonly tunnels: readonly RouteOf<Service>[];
  readonly forwarding: Forwarding | undefined;
  /** Of what takes no route. */
  readonly sampling: RootSampler | undefined;
  readonly services: ReadonlyMap<string, Service>;
  readonly spans: SpanSource | undefined;
  readonly observer: PassedObserver | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly deadlines: Deadlines<Exchange>;
  readonly limits: Limits;
}

/** What a change of rules leaves as it is. */
export type Standing = Pick<Site, "spans" | "observer" | "clock" | "random" | "deadlines"> & ServiceMeans;

/** Throws a `TypeError` that names the option and the value, before anything is opened or closed. */
export function createSite(rules: ProxyRules, standing: Standing, before?: Site): Site {
  const complete = completeRoutes(rules.routes, standing.engine);
  if (standing.watch === undefined) complete.forEach(refuseWatched);
  const forwarding = rules.forwarding === undefined ? undefined : completeForwarding(rules.forwarding);
  const sampling = rules.sampling && completeSampling(rules.sampling, "sampling");
  const services = new Map<string, Service>();
  const serviceOf = (settings: UpstreamSettings): Service => {
    const held = services.get(settings.name) ?? unchanged(before, settings) ?? new Service(settings, standing);
    services.set(settings.name, held);
    return held;
  };
  const routes = complete.map((route) => ({
    ...route,
    sampling: route.sampling ?? sampling,
    ways: route.ways.map(({ to, upTo }) => ({ to: serviceOf(to), upTo })),
    mirror: route.mirror === undefined ? undefined : { ...route.mirror, to: serviceOf(route.mirror.to) },
  }));
  const { spans, observer, clock, random, deadlines } = standing;
  const { limits } = standing.engine;
  return {
    boundary: rules.boundary,
    routes: routes.filter(({ tunnel }) => !tunnel),
    tunnels: routes.filter(({ tunnel }) => tunnel),
    forwarding,
    sampling,
    services,
    spans,
    observer,
    clock,
    random,
    deadlines,
    limits,
  };
}

function refuseWatched(route: RouteOf<UpstreamSettings>, index: number): void {
  for (const { name, kubernetes } of placesOf(route))
    if (kubernetes !== undefined)
      throw wrong(`routes[${index}]`, name, "an upstream without endpoints.kubernetes where there is no option watch");
}

/** Keeps warm connections, and what is known of the endpoints. */
function unchanged(before: Site | undefined, settings: UpstreamSettings): Service | undefined {
  const service = before?.services.get(settings.name);
  return service !== undefined && isDeepStrictEqual(service.settings, settings) ? service : undefined;
}

/** The services of `before` that `after` has no use for. */
export function retired(before: Site, after: Site): readonly Service[] {
  return [...before.services.values()].filter((service) => after.services.get(service.name) !== service);
}
