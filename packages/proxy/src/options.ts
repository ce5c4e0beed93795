/** What a proxy is made of: its options, checked and completed once. */
import type { Boundary, Observer } from "@tracemend/context";
import type { Clock } from "./clock.ts";
import type {
  DataPlane,
  EngineSettings,
  Limits,
  ListenTarget,
  Refusal,
  Timeouts,
  TlsIdentity,
  UpstreamProtocol,
  UpstreamTarget,
  UpstreamTls,
} from "./plane/plane.ts";
import { systemClock } from "./clock.ts";
import type { Refusals } from "./refusals.ts";
import { createRefusals } from "./refusals.ts";
import type { RouteMatch, Routed } from "./routing.ts";
import type { SpanSource } from "./spans.ts";

export interface UpstreamOptions {
  /** The service that is called; what crossings and spans call it. */
  readonly name: string;
  /** Origin alone, for instance `http://127.0.0.1:8080`: paths go on as they came. */
  readonly url: string | URL;
  /**
   * `h2` is prior knowledge for `http:` and ALPN for `https:`. `auto` (the default) lets ALPN choose for `https:` and
   * is HTTP/1.1 for `http:`.
   */
  readonly protocol?: UpstreamProtocol;
  readonly tls?: UpstreamTls;
  /** Most connections at once; 128 for HTTP/1.1, 4 for HTTP/2. HTTP/1.1 counts requests with and without a body apart. */
  readonly connections?: number;
}

export interface Route {
  /** Absent: every request. */
  readonly match?: RouteMatch;
  readonly upstream: UpstreamOptions;
}

export interface ProxyOptions {
  readonly boundary: Boundary;
  /** `host` is 127.0.0.1 and `port` the kernel's choice where they are absent. */
  readonly listen: { readonly host?: string; readonly port?: number; readonly tls?: TlsIdentity };
  /** The first that fits is taken. */
  readonly routes: readonly Route[];
  readonly spans?: SpanSource;
  readonly observer?: Observer;
  /** Told of callers that were turned away before there was a request, and so a crossing. */
  readonly refused?: (refusal: Refusal) => void;
  readonly clock?: Clock;
  readonly limits?: Partial<Limits>;
  readonly timeouts?: Partial<Timeouts>;
  /** The engines; node:http, node:http2 and undici where absent. */
  readonly plane?: DataPlane;
}

export interface ProxySettings {
  readonly listen: ListenTarget;
  readonly routes: readonly Routed<UpstreamTarget>[];
  readonly engine: EngineSettings;
  readonly refusals: Refusals;
}

const LIMITS: Limits = {
  headBytes: 65_536,
  targetBytes: 16_384,
  bodyBytes: Number.MAX_SAFE_INTEGER,
  streams: 256,
  waiting: 1024,
};

const TIMEOUTS: Timeouts = {
  connectMs: 5_000,
  answerMs: 60_000,
  idleMs: 300_000,
  headMs: 15_000,
  keepAliveMs: 75_000,
};

/** Throws a `TypeError` that names the option and the value. */
export function completeOptions(options: ProxyOptions): ProxySettings {
  const { listen, routes } = options;
  const { host = "127.0.0.1", port = 0, tls } = listen;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw wrong("listen.port", port, "an integer from 0 to 65535");
  if (routes.length === 0) throw wrong("routes", routes, "a list of at least one route");
  const refusals = createRefusals(options.refused);
  return {
    listen: { host, port, tls },
    routes: routes.map(completeRoute),
    engine: {
      limits: completeNumbers("limits", LIMITS, options.limits),
      timeouts: completeNumbers("timeouts", TIMEOUTS, options.timeouts),
      clock: options.clock ?? systemClock,
      refused: refusals.tell,
    },
    refusals,
  };
}

function completeRoute(route: Route, index: number): Routed<UpstreamTarget> {
  const { authority, pathPrefix } = route.match ?? {};
  if (pathPrefix !== undefined && !pathPrefix.startsWith("/"))
    throw wrong(`routes[${index}].match.pathPrefix`, pathPrefix, "a path that begins with /");
  return {
    match: {
      ...(authority === undefined ? undefined : { authority: authority.toLowerCase() }),
      ...(pathPrefix === undefined ? undefined : { pathPrefix }),
    },
    to: completeUpstream(route.upstream, `routes[${index}].upstream`),
  };
}

function completeUpstream(upstream: UpstreamOptions, option: string): UpstreamTarget {
  const { name, protocol = "auto", tls = {} } = upstream;
  const url = URL.parse(upstream.url);
  if (name === "") throw wrong(`${option}.name`, name, "a name");
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw wrong(`${option}.url`, String(upstream.url), "an http: or https: URL");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "")
    throw wrong(`${option}.url`, url.href, "an origin alone, without user, path, query or fragment");
  if (protocol !== "http/1.1" && protocol !== "h2" && protocol !== "auto")
    throw wrong(`${option}.protocol`, protocol, "http/1.1, h2 or auto");
  const connections = upstream.connections ?? (protocol === "h2" ? 4 : 128);
  if (!Number.isInteger(connections) || connections < 1)
    throw wrong(`${option}.connections`, connections, "an integer of at least 1");
  return { name, url, protocol, tls, connections };
}

function completeNumbers<T extends object>(option: string, defaults: T, given: Partial<T> | undefined): T {
  const complete = { ...defaults, ...given };
  for (const [key, value] of Object.entries(complete))
    if (typeof value !== "number" || !Number.isFinite(value) || value <= 0)
      throw wrong(`${option}.${key}`, value, "a number above 0");
  return complete;
}

function wrong(option: string, value: unknown, wanted: string): TypeError {
  return new TypeError(`${option} is ${JSON.stringify(value)}; it must be ${wanted}`);
}
