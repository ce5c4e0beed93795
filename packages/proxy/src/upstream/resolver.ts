/** Where the endpoints behind a name are: asked again when the answer has grown old. */
import type { SrvRecord } from "node:dns";
import { Resolver as DnsResolver } from "node:dns/promises";
import { isIP } from "node:net";
import type { KubernetesService } from "./options.ts";

export interface Resolved {
  readonly endpoints: readonly ResolvedEndpoint[];
  readonly ttlMs: number;
}

export interface ResolvedEndpoint {
  readonly host: string;
  /** That of the upstream's URL where undefined. */
  readonly port: number | undefined;
  /** 1 where absent. */
  readonly weight?: number;
  /** Lower ones are taken while one of them is well; 0 where absent. */
  readonly priority?: number;
}

/** Tells all endpoints there are, `host:port` each, whenever they change; never none. `port`: of the upstream's URL. */
export type WatchEndpoints = (
  service: KubernetesService,
  port: number,
  found: (endpoints: readonly string[]) => void,
) => { close(): void };

/** Rejects where the name cannot be resolved now: then what is known stays in use. */
export interface Resolver {
  /** A and AAAA records. */
  addresses(name: string): Promise<Resolved>;
  /** SRV records, each with the addresses of its target. */
  services(name: string): Promise<Resolved>;
}

/** Node tells no TTL of an SRV record: those of its targets' addresses count, and no longer than this. */
const SRV_TTL_MS = 30_000;

/** RFC 2782: beside others, a weight of 0 has a very small chance. */
const LEAST_WEIGHT = 0.01;

/** What is asked of Node's resolver. */
export type DnsQuestions = Pick<DnsResolver, "resolve4" | "resolve6" | "resolveSrv">;

export function createResolver(dns: DnsQuestions = new DnsResolver()): Resolver {
  const addresses = async (name: string): Promise<Resolved> => {
    if (isIP(name) !== 0) return { endpoints: [{ host: name, port: undefined }], ttlMs: Number.POSITIVE_INFINITY };
    const [four, six] = await Promise.allSettled([
      dns.resolve4(name, { ttl: true }),
      dns.resolve6(name, { ttl: true }),
    ]);
    const records = [four, six].flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    if (records.length === 0) throw four.status === "rejected" ? four.reason : new Error(`no address of ${name}`);
    return {
      endpoints: records.map(({ address }) => ({ host: address, port: undefined })),
      ttlMs: Math.min(...records.map(({ ttl }) => ttl)) * 1000,
    };
  };
  const targetOf = async ({ name, port, priority, weight }: SrvRecord): Promise<Resolved> => {
    const { endpoints, ttlMs } = await addresses(name);
    const share = (weight === 0 ? LEAST_WEIGHT : weight) / endpoints.length;
    return { ttlMs, endpoints: endpoints.map(({ host }) => ({ host, port, priority, weight: share })) };
  };
  return {
    addresses,
    async services(name) {
      const records = await dns.resolveSrv(name);
      const answers = await Promise.allSettled(records.map(targetOf));
      const targets = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
      if (targets.length === 0) throw new Error(`no target of ${name} has an address`);
      return {
        endpoints: targets.flatMap(({ endpoints }) => endpoints),
        ttlMs: Math.min(SRV_TTL_MS, ...targets.map(({ ttlMs }) => ttlMs)),
      };
    },
  };
}
