/** What an upstream is made of: its options, checked and completed once. */
import { isIP } from "node:net";
import { checkInteger, completeNumbers, oneOf, wrong } from "../check.ts";
import type { Limits, Timeouts, UpstreamProtocol, UpstreamTarget, UpstreamTls } from "../plane/plane.ts";

export interface UpstreamOptions {
  /** The service that is called; what crossings and spans call it. Routes of one name share its connections. */
  readonly name: string;
  /**
   * Origin alone, for instance `http://127.0.0.1:8080`: paths go on as they came. Its host is the name TLS asks for.
   * `tcp://host:port` is where CONNECT leads: to bytes and no HTTP.
   */
  readonly url: string | URL;
  /**
   * `h2` is prior knowledge for `http:` and ALPN for `https:`. `auto` (the default) lets ALPN choose for `https:` and
   * is HTTP/1.1 for `http:`.
   */
  readonly protocol?: UpstreamProtocol;
  readonly tls?: UpstreamTls;
  /** Most connections to one endpoint; 128 for HTTP/1.1, 4 for HTTP/2. HTTP/1.1 counts requests with and without a body apart. */
  readonly connections?: number;
  /** `host:port` of each endpoint, in place of the one in the URL; or the ready ones of a service of Kubernetes. */
  readonly endpoints?: readonly (string | WeightedEndpoint)[] | { readonly kubernetes: KubernetesService };
  /**
   * Where endpoints come from: `dns` asks for all addresses of the URL's host, `srv` for the services of that name, whose
   * priorities and weights are kept.
   */
  readonly discovery?: "dns" | "srv";
  readonly balance?: BalanceName;
  /** The field whose value `hash` goes by; the trace id where absent. */
  readonly hashField?: string;
  /** Asks each endpoint whether it is well. Absent: none is asked. */
  readonly health?: HealthOptions;
  readonly ejection?: Partial<EjectionSettings>;
  readonly retry?: Partial<RetrySettings>;
  readonly timeouts?: Partial<UpstreamTimeouts>;
  readonly limits?: Partial<UpstreamLimits>;
  /** A connection takes no new request once it is as old. Without limit where absent. */
  readonly maxAgeMs?: number;
}

export interface WeightedEndpoint {
  /** `host:port`. */
  readonly address: string;
  /** Against those of the others; theirs is 1 where they have none. A `hash` does not look at it. */
  readonly weight: number;
}

/** Whose ready endpoints are watched, by what `ProxyOptions.watch` says. */
export interface KubernetesService {
  readonly service: string;
  readonly namespace?: string;
  /** Name or number of the port; that of the URL where absent. */
  readonly port?: string | number;
  readonly apiServer?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
}

/** `least-request` takes the less busy of two at random; `hash` keeps a trace, or a field's value, at one endpoint. */
export type BalanceName = "round-robin" | "least-request" | "hash";

/** With exactly one of `path` and `grpc`. */
export interface HealthOptions extends Partial<HealthTimes> {
  /** Asked with GET; an answer of 200 to 299 is well. */
  readonly path?: string;
  /** The service that grpc.health.v1.Health/Check is asked about, empty for the server itself; SERVING alone is well. */
  readonly grpc?: string;
}

export interface HealthTimes {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Answers in a row until an endpoint counts as well again, and as ill. */
  readonly healthyAfter: number;
  readonly unhealthyAfter: number;
}

export type HealthSettings = HealthTimes &
  ({ readonly path: string; readonly grpc: undefined } | { readonly grpc: string });

/** An endpoint that fails `failures` times in a row is left out: for `baseMs`, and as much longer each time it happens again. */
export interface EjectionSettings {
  readonly failures: number;
  readonly baseMs: number;
  readonly maxMs: number;
  /** Of the endpoints at most, from 0 to 1; one can always be. */
  readonly share: number;
}

export interface RetrySettings {
  /** Of one request in all; 1 turns them off. */
  readonly tries: number;
  /** To the head of an answer, for each try. */
  readonly tryMs: number;
  /** Answers that count as failed, for methods that are safe to repeat. */
  readonly statuses: readonly number[];
  /**
   * Statuses of gRPC, from 1 to 16, with which a call is made once more: where nothing but it was answered, or where it is
   * what we would say of the failure. Then calls are kept, up to `bufferBytes` of each, until an answer has begun.
   */
  readonly grpcStatuses: readonly number[];
  readonly bufferBytes: number;
  /** Retries under way, as a share of the requests under way; never fewer than `least`. */
  readonly budget: number;
  readonly least: number;
  /** The pause before the second try is random up to `baseMs`, and doubles up to `maxMs`. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/** What one exchange is held to. */
export interface ExchangeTimeouts extends Pick<Timeouts, "answerMs" | "idleMs"> {
  /** For the whole of an exchange, its retries included. */
  readonly totalMs: number;
}

export interface UpstreamTimeouts extends ExchangeTimeouts, Pick<Timeouts, "connectMs"> {}

export interface UpstreamLimits extends Pick<Limits, "waiting"> {
  /** Requests under way. */
  readonly requests: number;
}

export interface UpstreamSettings {
  readonly name: string;
  /** For the endpoint of the URL itself; others differ in host and port. */
  readonly target: UpstreamTarget;
  readonly endpoints: readonly WeightedEndpoint[] | undefined;
  readonly kubernetes: KubernetesService | undefined;
  readonly discovery: "dns" | "srv" | undefined;
  readonly balance: BalanceName;
  readonly hashField: string | undefined;
  readonly health: HealthSettings | undefined;
  readonly ejection: EjectionSettings;
  readonly retry: RetrySettings;
  /** Retries were asked for; else a request goes out again only where that is free: another endpoint, or a lost idle connection. */
  readonly persistent: boolean;
  readonly timeouts: UpstreamTimeouts;
  readonly limits: UpstreamLimits;
}

const HEALTH = { intervalMs: 10_000, timeoutMs: 2_000, healthyAfter: 2, unhealthyAfter: 3 };
const EJECTION: EjectionSettings = { failures: 5, baseMs: 30_000, maxMs: 300_000, share: 0.5 };
const RETRY = {
  tries: 2,
  tryMs: Number.POSITIVE_INFINITY,
  bufferBytes: 65_536,
  budget: 0.2,
  least: 3,
  baseMs: 25,
  maxMs: 250,
};

/** Throws a `TypeError` that names the option and the value. */
export function completeUpstream(
  upstream: UpstreamOptions,
  option: string,
  engine: { readonly timeouts: Timeouts; readonly limits: Limits },
): UpstreamSettings {
  const { name, health, discovery, hashField } = upstream;
  const target = completeTarget(upstream, option);
  if (isTunnel(target)) refuseHttp(upstream, option);
  const { endpoints, kubernetes } = completeEndpoints(upstream.endpoints, `${option}.endpoints`);
  if (upstream.endpoints !== undefined && discovery !== undefined)
    throw wrong(`${option}.discovery`, discovery, "absent where there are endpoints");
  if (discovery !== undefined) oneOf(`${option}.discovery`, discovery, ["dns", "srv"]);
  const balance = oneOf(`${option}.balance`, upstream.balance ?? "round-robin", [
    "round-robin",
    "least-request",
    "hash",
  ]);
  if (hashField !== undefined && balance !== "hash")
    throw wrong(`${option}.hashField`, hashField, 'absent unless balance is "hash"');
  const ejection = completeNumbers(`${option}.ejection`, EJECTION, upstream.ejection);
  checkInteger(`${option}.ejection.failures`, ejection.failures, 1);
  if (ejection.share > 1) throw wrong(`${option}.ejection.share`, ejection.share, "from 0 to 1");
  return {
    name,
    target,
    endpoints,
    kubernetes,
    discovery,
    balance,
    hashField: hashField?.toLowerCase(),
    health: health === undefined ? undefined : completeHealth(health, target, `${option}.health`),
    ejection,
    retry: completeRetry(upstream.retry, `${option}.retry`),
    persistent: upstream.retry !== undefined,
    timeouts: completeNumbers(
      `${option}.timeouts`,
      { ...pickTimeouts(engine.timeouts), totalMs: Number.POSITIVE_INFINITY },
      upstream.timeouts,
    ),
    limits: completeNumbers(
      `${option}.limits`,
      { waiting: engine.limits.waiting, requests: Number.POSITIVE_INFINITY },
      upstream.limits,
    ),
  };
}

function pickTimeouts({ connectMs, answerMs, idleMs }: Timeouts): Omit<UpstreamTimeouts, "totalMs"> {
  return { connectMs, answerMs, idleMs };
}

function completeTarget(upstream: UpstreamOptions, option: string): UpstreamTarget {
  const { name, protocol = "auto", tls = {} } = upstream;
  const url = URL.parse(upstream.url);
  if (name === "") throw wrong(`${option}.name`, name, "a name");
  if (url === null || !["http:", "https:", "tcp:"].includes(url.protocol) || url.host === "")
    throw wrong(`${option}.url`, String(upstream.url), "an http:, https: or tcp: URL");
  if (url.protocol === "tcp:" && !(Number(url.port) > 0)) throw wrong(`${option}.url`, url.href, "with a port");
  if (
    (url.pathname !== "/" && url.pathname !== "") ||
    url.search !== "" ||
    url.hash !== "" ||
    url.username !== "" ||
    url.password !== ""
  )
    throw wrong(`${option}.url`, url.href, "an origin alone, without user, path, query or fragment");
  oneOf(`${option}.protocol`, protocol, ["http/1.1", "h2", "auto"]);
  const connections = upstream.connections ?? (protocol === "h2" ? 4 : 128);
  checkInteger(`${option}.connections`, connections, 1);
  const { maxAgeMs } = completeNumbers(option, { maxAgeMs: Number.POSITIVE_INFINITY }, pickMaxAge(upstream));
  return { name, url, protocol, tls, connections, maxAgeMs };
}

/** Whether it carries bytes and no HTTP. */
export function isTunnel({ url }: Pick<UpstreamTarget, "url">): boolean {
  return url.protocol === "tcp:";
}

/** The bytes of a tunnel are its two ends' own, TLS included, and each has a connection for itself. */
function refuseHttp(upstream: UpstreamOptions, option: string): void {
  const { protocol = "auto", tls, health, maxAgeMs, retry } = upstream;
  const given = {
    protocol: protocol === "auto" ? undefined : protocol,
    health,
    maxAgeMs,
    "retry.statuses": retry?.statuses,
    "retry.grpcStatuses": retry?.grpcStatuses,
  };
  for (const [key, value] of Object.entries({ ...given, tls: tls && Object.keys(tls) }))
    if (value !== undefined) throw wrong(`${option}.${key}`, value, "absent where url is tcp:");
}

function pickMaxAge({ maxAgeMs }: UpstreamOptions): { maxAgeMs?: number } {
  return maxAgeMs === undefined ? {} : { maxAgeMs };
}

function completeEndpoints(
  endpoints: UpstreamOptions["endpoints"],
  option: string,
): Pick<UpstreamSettings, "endpoints" | "kubernetes"> {
  if (endpoints === undefined) return { endpoints: undefined, kubernetes: undefined };
  if ("kubernetes" in endpoints) {
    const { kubernetes } = endpoints;
    if (kubernetes.service === "") throw wrong(`${option}.kubernetes.service`, "", "a name");
    return { endpoints: undefined, kubernetes };
  }
  if (endpoints.length === 0) throw wrong(option, endpoints, "a list of at least one host:port");
  const complete = endpoints.map((one) => (typeof one === "string" ? { address: one, weight: 1 } : one));
  for (const { address, weight } of complete) {
    checkEndpoint(address, option);
    if (!Number.isFinite(weight) || weight <= 0) throw wrong(`${option}.weight`, weight, "a number above 0");
  }
  return { endpoints: complete, kubernetes: undefined };
}

function checkEndpoint(endpoint: string, option: string): void {
  const url = URL.parse(`http://${endpoint}`);
  if (
    url === null ||
    url.host === "" ||
    `${url.hostname}:${url.port === "" ? 80 : url.port}` !== endpoint.toLowerCase()
  )
    throw wrong(option, endpoint, "host:port");
}

function completeHealth(health: HealthOptions, target: UpstreamTarget, option: string): HealthSettings {
  const { path, grpc, ...numbers } = health;
  const times = completeNumbers(option, HEALTH, numbers);
  checkInteger(`${option}.healthyAfter`, times.healthyAfter, 1);
  checkInteger(`${option}.unhealthyAfter`, times.unhealthyAfter, 1);
  if ((path === undefined) === (grpc === undefined))
    throw wrong(option, Object.keys(health), "with exactly one of path and grpc");
  if (grpc !== undefined) {
    const speaksHttp2 = target.protocol === "h2" || (target.protocol === "auto" && target.url.protocol === "https:");
    if (!speaksHttp2) throw wrong(`${option}.grpc`, grpc, 'absent unless protocol is "h2", or "auto" over https:');
    return { grpc, ...times };
  }
  const asked = path ?? "";
  if (!asked.startsWith("/")) throw wrong(`${option}.path`, asked, "a path that begins with /");
  return { path: asked, grpc: undefined, ...times };
}

function completeRetry(retry: Partial<RetrySettings> | undefined, option: string): RetrySettings {
  const { statuses = [], grpcStatuses = [], ...numbers } = retry ?? {};
  for (const status of grpcStatuses) checkInteger(`${option}.grpcStatuses`, status, 1, 16);
  for (const status of statuses) checkInteger(`${option}.statuses`, status, 400, 599);
  const complete = completeNumbers(option, RETRY, numbers);
  checkInteger(`${option}.tries`, complete.tries, 1, 16);
  return { statuses, grpcStatuses, ...complete };
}

/** The target of one endpoint; TLS still asks for the name of the upstream. */
export function targetOf(target: UpstreamTarget, endpoint: string): UpstreamTarget {
  const url = new URL(`${target.url.protocol}//${endpoint}`);
  const serverName = target.tls.serverName ?? bareHost(target.url);
  return { ...target, url, tls: { ...target.tls, serverName } };
}

/** A name, or an address without brackets. */
export function bareHost({ hostname }: URL): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

/** `host:port` of the URL itself. */
export function endpointOf(url: URL): string {
  return `${url.hostname}:${url.port === "" ? (url.protocol === "https:" ? 443 : 80) : url.port}`;
}

/** `host:port`; an IPv6 address in brackets. */
export function formatEndpoint(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
