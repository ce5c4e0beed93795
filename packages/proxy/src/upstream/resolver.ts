/** Where the endpoints behind a name are: asked again when the answer has grown old. */
import { Resolver as DnsResolver } from "node:dns/promises";
import { isIP } from "node:net";

export interface Resolved {
  readonly endpoints: readonly { readonly host: string; readonly port: number | undefined }[];
  readonly ttlMs: number;
}

/** Rejects where the name cannot be resolved now: then what is known stays in use. */
export interface Resolver {
  /** A and AAAA records. */
  addresses(name: string): Promise<Resolved>;
  /** SRV records of the best priority; their weights are not looked at. */
  services(name: string): Promise<Resolved>;
}

/** Node tells no TTL of an SRV record. */
const SRV_TTL_MS = 30_000;

export function createResolver(): Resolver {
  const dns = new DnsResolver();
  return {
    async addresses(name) {
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
    },
    async services(name) {
      const records = await dns.resolveSrv(name);
      const best = Math.min(...records.map(({ priority }) => priority));
      const endpoints = records
        .filter(({ priority }) => priority === best)
        .map(({ name: host, port }) => ({ host, port }));
      return { endpoints, ttlMs: SRV_TTL_MS };
    },
  };
}
