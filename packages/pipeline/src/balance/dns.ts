/** Peers from DNS: A and AAAA, or SRV records, asked for again when their time to live is over. */
import { Resolver as DnsResolver } from "node:dns/promises";
import type { RecordWithTtl, SrvRecord } from "node:dns";
import { messageOf } from "../cause.ts";
import type { Clock, Timer } from "../clock.ts";
import { formatPeer, tellChanges } from "./resolver.ts";
import type { Resolver, ResolverEvents } from "./resolver.ts";

export interface DnsLookup {
  resolve4(host: string, options: { readonly ttl: true }): Promise<readonly RecordWithTtl[]>;
  resolve6(host: string, options: { readonly ttl: true }): Promise<readonly RecordWithTtl[]>;
  resolveSrv(name: string): Promise<readonly SrvRecord[]>;
}

export interface DnsOptions {
  /** Default `address`. With `srv`, the host of the endpoint is the name of the service, `_otlp._tcp.collector`. */
  readonly record?: "address" | "srv";
  /** Asked at least so often; sooner when a time to live says so, but not within a second. Default 5 000. */
  readonly intervalMs?: number;
  /** For tests and for other name servers. */
  readonly lookup?: DnsLookup;
}

const leastIntervalMs = 1_000;

/** `host` and `port` are those of the endpoint. */
export function watchDns(
  host: string,
  port: number,
  options: DnsOptions,
  clock: Clock,
  events: ResolverEvents,
): Resolver {
  const { record = "address", intervalMs = 5_000, lookup = new DnsResolver() } = options;
  const tell = tellChanges(events);
  let timer: Timer | undefined;
  let closed = false;

  const ask = async (): Promise<void> => {
    let nextMs = intervalMs;
    try {
      const found = record === "srv" ? await askService(lookup, host) : await askAddresses(lookup, host, port);
      if (closed) return;
      nextMs = Math.max(leastIntervalMs, Math.min(intervalMs, found.ttlMs));
      tell(found.peers);
    } catch (cause) {
      if (closed) return;
      events.failed(messageOf(cause));
    }
    timer = clock.after(nextMs, () => void ask());
  };

  void ask();
  return {
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}

interface Found {
  readonly peers: readonly string[];
  readonly ttlMs: number;
}

/** A host may have addresses of one family only; when neither answers, the failure of the first is told. */
async function askAddresses(lookup: DnsLookup, host: string, port: number): Promise<Found> {
  const answers = await Promise.allSettled([
    lookup.resolve4(host, { ttl: true }),
    lookup.resolve6(host, { ttl: true }),
  ]);
  const records = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  const [first] = answers;
  if (records.length === 0 && first.status === "rejected") throw first.reason;
  // A family whose question failed, rather than was answered with "none", would take its peers away.
  const trouble = answers.find((answer) => answer.status === "rejected" && !isNoData(answer.reason));
  if (trouble?.status === "rejected") throw trouble.reason;
  return {
    peers: records.map((record) => formatPeer(record.address, port)),
    ttlMs: 1_000 * Math.min(...records.map((record) => record.ttl)),
  };
}

function isNoData(reason: unknown): boolean {
  const { code } = reason as NodeJS.ErrnoException;
  return code === "ENODATA" || code === "ENOTFOUND";
}

/** Of several priorities only the first counts (RFC 2782); weights would unbalance the traces. */
async function askService(lookup: DnsLookup, name: string): Promise<Found> {
  const records = await lookup.resolveSrv(name);
  const best = Math.min(...records.map((record) => record.priority));
  const peers = records.filter((record) => record.priority === best);
  // Node does not tell the time to live of SRV records.
  return { peers: peers.map((record) => formatPeer(record.name, record.port)), ttlMs: Infinity };
}
