/** What a proxy is made of: its options, checked and completed once. */
import { isDeepStrictEqual } from "node:util";
import type { Boundary } from "@tracemend/context";
import { completeRanges } from "./address-ranges.ts";
import { checkInteger, completeNumbers, oneOf, wrong } from "./check.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { ForwardingOptions } from "./forwarding.ts";
import type { PassedObserver } from "./passed.ts";
import type {
  DataPlane,
  EngineSettings,
  Limits,
  ListenTarget,
  ListenTls,
  ProxyProtocol,
  Refusal,
  Timeouts,
} from "./plane/plane.ts";
import type { RootSampling } from "./root-sampling.ts";
import type { Route, RouteOf } from "./route-options.ts";
import { completeRoute, placesOf } from "./route-options.ts";
import type { SpanSource } from "./spans.ts";
import type { UpstreamSettings } from "./upstream/options.ts";
import type { Resolver, WatchEndpoints } from "./upstream/resolver.ts";

/** What can change while a proxy listens. */
export interface ProxyRules {
  readonly boundary: Boundary;
  /** The first that fits is taken. */
  readonly routes: readonly Route[];
  /** Absent: fields of proxies on the way go on as they came. */
  readonly forwarding?: ForwardingOptions;
  /** Of routes that do not say it themselves. Absent: every trace that begins here is recorded. */
  readonly sampling?: RootSampling;
}

/** What `reload` takes. `tls`: other certificates; those there are stay where it is absent. */
export interface ProxyChange extends ProxyRules {
  readonly tls?: ListenTls;
}

/** `host` is 127.0.0.1 and `port` the kernel's choice where they are absent. */
export interface ListenOptions {
  readonly host?: string;
  readonly port?: number;
  readonly tls?: ListenTls;
  /** Each connection begins with a PROXY header, v1 or v2. Absent: none does. */
  readonly proxyProtocol?: ProxyProtocolOptions;
}

export interface ProxyProtocolOptions {
  /** Addresses and CIDR ranges of the load balancers; connections from elsewhere are ended. */
  readonly trusted: readonly string[];
  /** Until the header is there; 5,000 where absent. */
  readonly timeoutMs?: number;
}

export interface ProxyOptions extends ProxyRules {
  readonly listen: ListenOptions;
  readonly spans?: SpanSource;
  readonly observer?: PassedObserver;
  /** Told of callers that were turned away before there was a request, and so a crossing. */
  readonly refused?: (refusal: Refusal) => void;
  readonly clock?: Clock;
  /** From 0 up to 1; `Math.random` where absent. */
  readonly random?: () => number;
  /** Finds the endpoints of upstreams with `discovery`; the DNS servers of this machine where absent. */
  readonly resolver?: Resolver;
  /** Finds those of upstreams whose `endpoints` are `kubernetes`. */
  readonly watch?: WatchEndpoints;
  readonly limits?: Partial<Limits>;
  readonly timeouts?: Partial<Timeouts>;
  /** The engines; Node's own and our HTTP/1.1 client where absent. */
  readonly plane?: DataPlane;
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

export function completeEngine({
  limits,
  timeouts,
  clock,
  refused,
}: Pick<ProxyOptions, "limits" | "timeouts" | "clock" | "refused">): EngineSettings {
  return {
    limits: finite("limits", completeNumbers("limits", LIMITS, limits)),
    timeouts: finite("timeouts", completeNumbers("timeouts", TIMEOUTS, timeouts)),
    clock: clock ?? systemClock,
    refused: refused ?? (() => {}),
  };
}

/** Throws a `TypeError` that names the option and the value. */
export function completeListen({ host = "127.0.0.1", port = 0, tls, proxyProtocol }: ListenOptions): ListenTarget {
  checkInteger("listen.port", port, 0, 65_535);
  if (tls !== undefined) completeTls(tls);
  return { host, port, tls, proxyProtocol: proxyProtocol && completeProxyProtocol(proxyProtocol) };
}

function completeProxyProtocol({ trusted, timeoutMs = 5_000 }: ProxyProtocolOptions): ProxyProtocol {
  const option = "listen.proxyProtocol";
  if (trusted.length === 0) throw wrong(`${option}.trusted`, trusted, "a list of at least one address or CIDR range");
  const trusts = completeRanges(trusted, `${option}.trusted`);
  return { trusts, ...finite(option, completeNumbers(option, { timeoutMs }, {})) };
}

/** Throws a `TypeError` that names the option and the value. */
export function completeTls({ clientAuth, clientCa }: ListenTls): void {
  if (clientAuth === undefined) return;
  oneOf("listen.tls.clientAuth", clientAuth, ["require", "optional"]);
  if (clientCa === undefined) throw wrong("listen.tls.clientAuth", clientAuth, "absent where clientCa is");
}

/** Throws a `TypeError` that names the option and the value. */
export function completeRoutes(routes: readonly Route[], engine: EngineSettings): readonly RouteOf<UpstreamSettings>[] {
  if (routes.length === 0) throw wrong("routes", routes, "a list of at least one route");
  const complete = routes.map((route, index) => completeRoute(route, index, engine));
  const known = new Map<string, UpstreamSettings>();
  complete.forEach((route, index) => {
    for (const to of placesOf(route)) {
      const same = known.get(to.name) ?? to;
      if (!isDeepStrictEqual(same, to))
        throw wrong(`routes[${index}]`, to.name, "an upstream that is the same in all routes");
      known.set(to.name, to);
    }
  });
  return complete;
}

function finite<T extends object>(option: string, numbers: T): T {
  for (const [key, value] of Object.entries(numbers))
    if (!Number.isFinite(value)) throw wrong(`${option}.${key}`, value, "a number above 0");
  return numbers;
}
