/** The options of a destination that is several peers, checked and completed. */
import type { KubernetesOptions } from "./kubernetes.ts";
import type { DnsOptions } from "./dns.ts";

export type ResolverOptions =
  /** `host` or `host:port` each; without a port, that of the endpoint. */
  | { readonly kind: "static"; readonly peers: readonly string[] }
  /** The addresses behind the host of the endpoint. */
  | ({ readonly kind: "dns" } & DnsOptions)
  /** The ready endpoints of a service, by watching its EndpointSlices. */
  | ({ readonly kind: "kubernetes" } & KubernetesOptions);

export interface BalanceOptions {
  readonly resolver: ResolverOptions;
  readonly ejection?: {
    /** So many failed attempts in a row, and a peer gets nothing for a while. Default 5. */
    readonly consecutiveFailures?: number;
    /** How long, the first time; twice, three times … as long while it fails again. Default 30 000, at most ten times. */
    readonly baseMs?: number;
    /** Never more than this share of the peers: with too many sick, it is not the peers. Default 0.5. */
    readonly maxShare?: number;
  };
  /** How long attempts under way may go on at a peer that left. Default 5 000. */
  readonly drainMs?: number;
}

export interface Ejection {
  readonly consecutiveFailures: number;
  readonly baseMs: number;
  readonly maxShare: number;
}

export interface Balance {
  readonly resolver: ResolverOptions;
  readonly ejection: Ejection;
  readonly drainMs: number;
}

/** `fail` throws a TypeError that names the option, its rule and its value. */
export function defineBalance(
  options: BalanceOptions,
  fail: (option: string, rule: string, value: unknown) => never,
): Balance {
  const { resolver, ejection = {}, drainMs = 5_000 } = options;
  if (resolver.kind === "static" && resolver.peers.length === 0) {
    fail("balance.resolver.peers", "at least one peer", resolver.peers);
  }
  const { consecutiveFailures = 5, baseMs = 30_000, maxShare = 0.5 } = ejection;
  if (!Number.isSafeInteger(consecutiveFailures) || consecutiveFailures < 1) {
    fail("balance.ejection.consecutiveFailures", "an integer of at least 1", consecutiveFailures);
  }
  if (!Number.isFinite(baseMs) || baseMs <= 0) fail("balance.ejection.baseMs", "a number above 0", baseMs);
  if (!(maxShare >= 0 && maxShare <= 1)) fail("balance.ejection.maxShare", "between 0 and 1", maxShare);
  if (!Number.isFinite(drainMs) || drainMs < 0) fail("balance.drainMs", "a number of at least 0", drainMs);
  return { resolver, ejection: { consecutiveFailures, baseMs, maxShare }, drainMs };
}
