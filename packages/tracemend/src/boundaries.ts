/** The proxies of a configuration: opened, changed while they listen, and closed. */
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { defineBoundary } from "@tracemend/context";
import type {
  PassedObserver,
  Proxy,
  ProxyChange,
  RefusalCounts,
  SpanSource,
  UpstreamState,
  WatchEndpoints,
} from "@tracemend/proxy";
import { checkChange, createProxy } from "@tracemend/proxy";
import { ConfigError } from "./config-file.ts";
import { policyOf } from "./config-policy.ts";
import { engineOf, forwardingOf, proxyProtocolOf, routesOf, upstreamOf } from "./config-route.ts";
import type { Config } from "./config.ts";
import { checkEndpoints } from "./endpoints.ts";
import { openAt } from "./listening.ts";
import type { PemSource, PemTexts } from "./pem.ts";
import { clientTlsOf, listenTlsOf } from "./pem.ts";

export interface Boundaries {
  /**
   * Makes the boundaries those of the configuration. Listeners of one name and address stay open. Rejects with a
   * `ConfigError`, or where a port cannot be had, and then nothing has changed. `pems`: of the files it names.
   */
  apply(config: Config, pems: PemTexts): Promise<void>;
  upstreams(): readonly { readonly boundary: string; readonly states: readonly UpstreamState[] }[];
  /** Callers of each listener that were turned away before there was a request. */
  refusals(): readonly { readonly boundary: string; readonly counts: RefusalCounts }[];
  /** An aborted signal breaks off what does not end by itself. */
  close(signal: AbortSignal): Promise<void>;
}

export interface BoundariesOptions {
  readonly spans: SpanSource;
  readonly observer: PassedObserver;
  /** Finds the endpoints of upstreams in Kubernetes. */
  readonly watch: WatchEndpoints;
  /** Told the address of each listener that was opened. */
  readonly listening: (name: string, address: Proxy["address"]) => void;
}

type BoundaryConfig = Config["boundaries"][number];

interface Open {
  readonly proxy: Proxy;
  readonly config: BoundaryConfig;
}

interface Planned {
  /** Where the configuration says where it listens. */
  readonly key: string;
  readonly config: BoundaryConfig;
  readonly change: ProxyChange;
  readonly held: Open | undefined;
}

export function createBoundaries({ spans, observer, watch, listening }: BoundariesOptions): Boundaries {
  let open: readonly Open[] = [];
  const leaving = new Set<Promise<void>>();
  const start = async ({ key, config, change }: Planned): Promise<Open> => {
    const { tls, ...rules } = change;
    const listen = {
      ...config.listen,
      ...(tls === undefined ? {} : { tls }),
      ...proxyProtocolOf(config.proxy_protocol),
    };
    const engine = engineOf(config.timeouts, config.limits);
    const proxy = await openAt(key, config.listen, () =>
      createProxy({ ...rules, ...engine, listen, spans, observer, watch }),
    );
    return { proxy, config };
  };
  const startAll = async (planned: readonly Planned[]): Promise<readonly Open[]> => {
    const results = await Promise.allSettled(planned.map(start));
    const opened = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const failed = results.find((result) => result.status === "rejected");
    if (failed === undefined) return opened;
    await Promise.all(opened.map(({ proxy }) => proxy.close(AbortSignal.abort())));
    throw failed.reason;
  };
  return {
    async apply(config, pems) {
      checkEndpoints(config.upstreams);
      const planned = config.boundaries.map((_, at) => plan(config, at, open, pems.source));
      const opened = await startAll(planned.filter(({ held }) => held === undefined));
      const kept = planned.flatMap(({ config: next, change, held }) => {
        held?.proxy.reload(change);
        return held === undefined ? [] : [{ proxy: held.proxy, config: next }];
      });
      const gone = open.filter(({ proxy }) => !kept.some((one) => one.proxy === proxy));
      open = [...kept, ...opened];
      for (const { proxy, config: was } of opened) listening(`boundary ${was.name}`, proxy.address);
      for (const { proxy } of gone) {
        const closed = proxy.close(AbortSignal.timeout(config.shutdown.drain_ms)).finally(() => leaving.delete(closed));
        leaving.add(closed);
      }
    },
    upstreams: () => open.map(({ proxy, config }) => ({ boundary: config.name, states: proxy.upstreams() })),
    refusals: () => open.map(({ proxy, config }) => ({ boundary: config.name, counts: proxy.refusals() })),
    async close(signal) {
      await Promise.all([...open.map(({ proxy }) => proxy.close(signal)), ...leaving]);
    },
  };
}

/** Reads every file and checks every option: whatever can be wrong is found before anything changes. */
function plan(config: Config, at: number, open: readonly Open[], pems: PemSource): Planned {
  const boundary = config.boundaries[at] as BoundaryConfig;
  const key = `boundary ${boundary.name}: boundaries.${at}.listen`;
  const change = changeOf(config, boundary, pems);
  const held = open.find(({ config: was }) => was.name === boundary.name);
  if (held === undefined || !isDeepStrictEqual(held.config.listen, boundary.listen))
    return { key, config: boundary, change, held: undefined };
  for (const key of ["proxy_protocol", "timeouts", "limits"] as const)
    if (!isDeepStrictEqual(held.config[key], boundary[key]))
      throw new ConfigError(`boundary ${boundary.name}: ${key} needs a restart to change`);
  if (askOf(held.config) !== askOf(boundary))
    throw new ConfigError(
      `boundary ${boundary.name}: tls, or whether callers show certificates, needs a restart to change`,
    );
  return { key, config: boundary, change, held };
}

/** Throws a `ConfigError` where `apply` would for what the files hold, and changes nothing. */
export function checkBoundaries(config: Config, pems: PemSource): void {
  for (const boundary of config.boundaries) changeOf(config, boundary, pems);
}

function changeOf(config: Config, boundary: BoundaryConfig, pems: PemSource): ProxyChange {
  const change: ProxyChange = {
    boundary: defineBoundary({ ...boundary, cluster: config.cluster, policy: policyOf(boundary.policy) }),
    routes: routesOf(boundary.routes, (name) => {
      const upstream = config.upstreams[name];
      const found = (file: string): string => resolve(config.folder, file);
      return { ...upstreamOf(name, upstream, found), ...clientTlsOf(pems, upstream?.tls) };
    }),
    ...forwardingOf(boundary.forwarding),
    ...(boundary.sampling === undefined ? {} : { sampling: boundary.sampling }),
    ...(boundary.query === undefined ? {} : { query: boundary.query }),
    ...listenTlsOf(pems, boundary.tls),
  };
  try {
    checkChange(change);
  } catch (error) {
    throw new ConfigError(`boundary ${boundary.name}: ${(error as Error).message}`, { cause: error });
  }
  return change;
}

function askOf({ tls }: BoundaryConfig): string {
  if (tls === undefined) return "plain";
  return tls.client_ca_file === undefined ? "none" : (tls.client_auth ?? "require");
}
