/** Builds the balanced end of a destination: resolver, peers with a forward each, and the sink above them. */
import type { Clock } from "../clock.ts";
import type { Destination } from "../destination.ts";
import type { End, EndOptions } from "../end.ts";
import { forwardGrpc } from "../forward/grpc.ts";
import { forwardHttp } from "../forward/http.ts";
import { createReachability } from "../reachability.ts";
import { balance as balanceOver } from "./balance.ts";
import { watchDns } from "./dns.ts";
import { watchKubernetes } from "./kubernetes.ts";
import type { Balance } from "./options.ts";
import { createPeers } from "./peers.ts";
import type { Peer } from "./peers.ts";
import { tellChanges } from "./resolver.ts";
import type { Resolver, ResolverEvents } from "./resolver.ts";

export interface BalancedOptions extends EndOptions {
  readonly balance: Balance;
}

export function createBalanced(options: BalancedOptions): End {
  const { destination, balance, clock, random, log } = options;
  const { name } = destination;
  const forward = destination.protocol === "grpc" ? forwardGrpc : forwardHttp;
  let told: boolean | undefined;
  const tell = (): void => {
    const reachable = isReachable();
    if (reachable === told || (!reachable && peers.all.some(isUndecided))) return;
    told = reachable;
    if (reachable) log({ kind: "reachable", destination: name, message: "connected" });
    else log({ kind: "unreachable", destination: name, message: whyNot() });
  };
  const peers = createPeers({
    balance,
    changed: tell,
    maxConcurrent: destination.maxConcurrent,
    clock,
    told: (event) => log({ ...event, destination: name }),
    connect(key, changed) {
      const reachability = createReachability(clock, changed);
      return {
        reachability,
        sink: forward({ destination: at(destination, balance, key), reachability, clock, random }),
      };
    },
  });
  const isReachable = (): boolean => peers.ring.peers.some((peer) => peer.reachability.reachable);
  const lastFailure = (): string | undefined =>
    peers.all.findLast((peer) => peer.reachability.lastFailure !== undefined)?.reachability.lastFailure;
  const whyNot = (): string =>
    peers.all.length === 0
      ? "there are no peers"
      : `none of ${peers.all.length} peers: ${lastFailure() ?? "all are left out"}`;
  const resolver = watch(destination, balance, clock, random, {
    found: (found) => peers.set(found),
    failed: (message) => log({ kind: "resolver-failed", destination: name, message }),
  });
  const sink = balanceOver({ ...options, retry: destination.retry, peers });
  return {
    sink: {
      accept: (batch, signal) => sink.accept(batch, signal),
      close(signal) {
        resolver.close();
        return sink.close(signal);
      },
    },
    reachability: {
      get reachable() {
        return isReachable();
      },
      get lastFailure() {
        return lastFailure();
      },
    },
  };
}

/** Is still being connected to for the first time. */
function isUndecided({ reachability }: Peer): boolean {
  return !reachability.connected && reachability.lastFailure === undefined;
}

/** A peer found by address proves itself with the certificate of the name it was found under. */
function at(destination: Destination, { resolver }: Balance, key: string): Destination {
  const { protocol, hostname } = new URL(destination.origin);
  const servername = resolver.kind === "static" ? {} : { servername: hostname };
  return { ...destination, origin: `${protocol}//${key}`, tls: { ...servername, ...destination.tls } };
}

function watch(
  destination: Destination,
  { resolver }: Balance,
  clock: Clock,
  random: () => number,
  events: ResolverEvents,
): Resolver {
  const url = new URL(destination.origin);
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  if (resolver.kind === "dns") return watchDns(url.hostname, port, resolver, clock, events);
  if (resolver.kind === "kubernetes") return watchKubernetes(port, resolver, clock, random, events);
  tellChanges(events)(resolver.peers.map((peer) => (/:\d+$/.test(peer) ? peer : `${peer}:${port}`)));
  return { close: () => {} };
}
