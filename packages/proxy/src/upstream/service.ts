/** One upstream: its endpoints as they come and go, which of them the next try goes to, and how much may be under way. */
import type { FieldLines } from "@tracemend/context";
import type { DataPlane, EngineSettings } from "../plane/plane.ts";
import { Endpoint } from "./endpoint.ts";
import { hashField, hashTrace } from "./hash.ts";
import type { HealthCheck } from "./health.ts";
import { checkHealth, healthQuestion } from "./health.ts";
import type { UpstreamSettings } from "./options.ts";
import { bareHost, endpointOf, targetOf } from "./options.ts";
import type { Place } from "./place.ts";
import { byWeight, placeAt, placesOf, portOf } from "./place.ts";
import type { Resolver, WatchEndpoints } from "./resolver.ts";
import type { Ring } from "./ring.ts";
import { createRing } from "./ring.ts";

/** How one upstream stands, for metrics. */
export interface UpstreamState {
  readonly name: string;
  /** Requests under way. */
  readonly open: number;
  readonly retries: number;
  readonly endpoints: readonly {
    readonly address: string;
    readonly state: "healthy" | "unhealthy" | "ejected";
    readonly open: number;
  }[];
}

export interface ServiceMeans {
  readonly plane: DataPlane;
  readonly engine: EngineSettings;
  readonly random: () => number;
  readonly resolver: Resolver;
  readonly watch?: WatchEndpoints | undefined;
}

/** Waits at least this long to ask for a name again, whatever its TTL says; as long after a failure. */
const LEAST_TTL_MS = 1_000;
const MOST_TTL_MS = 3_600_000;

export class Service {
  readonly settings: UpstreamSettings;
  /** What its URL names, without brackets. */
  readonly host: string;
  readonly #means: ServiceMeans;
  readonly #engine: EngineSettings;
  #endpoints: readonly Endpoint[] = [];
  /** Those of the best priority that has one that is well. */
  #usable: readonly Endpoint[] = [];
  #weighted = false;
  #ring: Ring | undefined;
  #checks = new Map<Endpoint, HealthCheck>();
  #asking: { cancel(): void } | undefined;
  #watching: { close(): void } | undefined;
  #leaving = new Set<Promise<void>>();
  #turn = 0;
  #open = 0;
  #retries = 0;
  #closed = false;
  #emptied: (() => void) | undefined;

  constructor(settings: UpstreamSettings, means: ServiceMeans) {
    const { engine } = means;
    const { timeouts, limits } = settings;
    this.settings = settings;
    this.host = bareHost(settings.target.url);
    this.#means = means;
    this.#engine = {
      ...engine,
      timeouts: { ...engine.timeouts, connectMs: timeouts.connectMs },
      limits: { ...engine.limits, waiting: limits.waiting },
    };
    // Until the first answer of a resolver, the name itself: each connection resolves it then.
    const own = endpointOf(settings.target.url);
    this.#place(settings.endpoints?.map(({ address, weight }) => placeAt(address, weight)) ?? [placeAt(own)]);
    if (settings.discovery !== undefined) void this.#discover(settings.discovery);
    if (settings.kubernetes !== undefined)
      this.#watching = means.watch?.(settings.kubernetes, portOf(own), (found) => {
        if (!this.#closed) this.#place(found.map((key) => placeAt(key)));
      });
  }

  get name(): string {
    return this.settings.name;
  }

  get scheme(): "http" | "https" {
    return this.settings.target.url.protocol === "https:" ? "https" : "http";
  }

  /** False where as many are under way as may be. Whoever was admitted leaves once. */
  admit(): boolean {
    if (this.#open >= this.settings.limits.requests) return false;
    this.#open += 1;
    return true;
  }

  leave(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#emptied?.();
  }

  /** Room in the budget for one more retry; given back by `retried`. */
  admitRetry(): boolean {
    const { budget, least } = this.settings.retry;
    if (this.#retries >= Math.max(least, budget * this.#open)) return false;
    this.#retries += 1;
    return true;
  }

  retried(): void {
    this.#retries -= 1;
  }

  /** The endpoint for a request, another than `tried` where there is one. Where none is well, all count as well. */
  pick(lines: FieldLines, tried?: Endpoint): Endpoint | undefined {
    const [only, second] = this.#usable;
    // An endpoint that was left out may be better than the one that has just failed.
    const usable = only === tried && second === undefined ? this.#endpoints : this.#usable;
    if (usable.length <= 1) return usable[0];
    const { balance } = this.settings;
    if (balance === "least-request") return this.#lessBusy(usable, tried);
    return balance === "hash" ? this.#byHash(lines, tried) : this.#inTurn(usable, tried);
  }

  #inTurn(usable: readonly Endpoint[], tried: Endpoint | undefined): Endpoint | undefined {
    if (this.#weighted) return byWeight(usable, tried);
    this.#turn = (this.#turn + 1) % usable.length;
    if (usable[this.#turn] === tried) this.#turn = (this.#turn + 1) % usable.length;
    return usable[this.#turn];
  }

  #lessBusy(usable: readonly Endpoint[], tried: Endpoint | undefined): Endpoint | undefined {
    const { random } = this.#means;
    const first = Math.floor(random() * usable.length);
    const second = (first + 1 + Math.floor(random() * (usable.length - 1))) % usable.length;
    const [one, other] = [usable[first] as Endpoint, usable[second] as Endpoint];
    if (one === tried) return other;
    const less = (one.open + 1) * other.weight <= (other.open + 1) * one.weight;
    return other === tried || less ? one : other;
  }

  #byHash(lines: FieldLines, tried: Endpoint | undefined): Endpoint | undefined {
    const { hashField: field } = this.settings;
    const found = field === undefined ? hashTrace(lines) : hashField(lines, field);
    const key = found ?? Math.floor(this.#means.random() * 2 ** 32);
    this.#ring ??= createRing(
      this.#endpoints.map(({ key }) => key),
      this.#endpoints.map(({ weight }) => weight),
    );
    const usable = this.#usable;
    const open = !usable.some((endpoint) => endpoint !== tried);
    const place = this.#ring.find(key, (at) => {
      const endpoint = this.#endpoints[at] as Endpoint;
      return endpoint !== tried && (open || usable.includes(endpoint));
    });
    return this.#endpoints[place] ?? tried;
  }

  /** What a try came to, as far as it tells of the endpoint. */
  report(endpoint: Endpoint, failed: boolean): void {
    const { ejection } = this.settings;
    if (!failed) {
      if (endpoint.succeeded()) this.#refresh();
      return;
    }
    if (!endpoint.failed(ejection) || this.#endpoints.length < 2 || !this.#endpoints.includes(endpoint)) return;
    const most = Math.max(1, Math.floor(ejection.share * this.#endpoints.length));
    if (this.#endpoints.filter(({ ejected }) => ejected).length >= most) return;
    endpoint.eject(ejection, this.#engine.clock, () => this.#refresh());
    this.#refresh();
  }

  state(): UpstreamState {
    return {
      name: this.name,
      open: this.#open,
      retries: this.#retries,
      endpoints: this.#endpoints.map(({ key, well, ejected, open }) => ({
        address: key,
        state: well ? (ejected ? "ejected" : "healthy") : "unhealthy",
        open,
      })),
    };
  }

  /** Takes no more; what is under way finishes, an aborted signal breaks it off. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true;
    this.#asking?.cancel();
    this.#watching?.close();
    for (const check of this.#checks.values()) check.stop();
    if (this.#open > 0 && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#emptied = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
    }
    await Promise.all([...this.#endpoints.map((endpoint) => endpoint.close(signal)), ...this.#leaving]);
  }

  /** These and no others from now on: those that stay keep their connections and what is known of them. */
  #place(places: readonly Place[]): void {
    const before = new Map(this.#endpoints.map((endpoint) => [endpoint.key, endpoint]));
    const unlike = new Map(places.map((place) => [place.key, place]));
    this.#endpoints = Array.from(unlike.values(), ({ key, weight, priority }) =>
      Object.assign(before.get(key) ?? this.#create(key), { weight, priority }),
    );
    for (const endpoint of before.values()) if (!this.#endpoints.includes(endpoint)) this.#remove(endpoint);
    this.#ring = undefined;
    this.#refresh();
  }

  #create(key: string): Endpoint {
    const { target, health } = this.settings;
    const own = key === endpointOf(target.url) ? target : targetOf(target, key);
    const endpoint = new Endpoint(key, this.#means.plane.connect(own, this.#engine));
    if (health === undefined) return endpoint;
    const question = healthQuestion(health, this.scheme, target.url.host);
    this.#checks.set(
      endpoint,
      checkHealth(endpoint, question, health, this.#engine.clock, () => this.#refresh()),
    );
    return endpoint;
  }

  #remove(endpoint: Endpoint): void {
    this.#checks.get(endpoint)?.stop();
    this.#checks.delete(endpoint);
    const gone = endpoint.close(NEVER).finally(() => this.#leaving.delete(gone));
    this.#leaving.add(gone);
  }

  #refresh(): void {
    const well = this.#endpoints.filter((endpoint) => endpoint.usable);
    const open = well.length === 0 ? this.#endpoints : well;
    const best = Math.min(...open.map(({ priority }) => priority));
    this.#usable = open.filter(({ priority }) => priority === best);
    this.#weighted = this.#usable.some(({ weight }) => weight !== this.#usable[0]?.weight);
  }

  async #discover(kind: "dns" | "srv"): Promise<void> {
    const { resolver } = this.#means;
    const { url } = this.settings.target;
    const name = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
    let ttlMs = LEAST_TTL_MS;
    try {
      const resolved = await (kind === "dns" ? resolver.addresses(name) : resolver.services(name));
      if (this.#closed) return;
      ttlMs = Math.min(MOST_TTL_MS, Math.max(LEAST_TTL_MS, resolved.ttlMs));
      if (resolved.endpoints.length > 0) this.#place(placesOf(resolved, endpointOf(url)));
    } catch {
      // What is known stays in use: a resolver that fails says nothing about the endpoints.
    }
    if (this.#closed) return;
    this.#asking = this.#engine.clock.after(ttlMs, () => void this.#discover(kind));
  }
}

const NEVER = new AbortController().signal;
