/** One pair of transports with a proxy between: what a behaviour is given. */
import { defineBoundary } from "@tracemend/context";
import type { Crossing, OwnSpans, PolicyOptions } from "@tracemend/context";
import { createProxy } from "@tracemend/proxy";
import type { MirrorOptions, Proxy, ProxyOptions, UpstreamOptions } from "@tracemend/proxy";
import { createAuthority } from "../support/certificates.ts";
import type { Client, Service, Transport } from "./transport.ts";
import { createClient, isHttp2, isSecure, startService } from "./transport.ts";

export const SPANS: OwnSpans = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  serverSpanId: "b7ad6b7169203331",
  clientSpanId: "00f067aa0ba902b8",
};

export interface Pair {
  readonly from: Transport;
  readonly to: Transport;
}

/** A proxy, a client of it and what it has recorded. */
export interface Border {
  readonly proxy: Proxy;
  readonly client: Client;
  /** Every crossing, and a way to wait for one more. */
  readonly crossings: Crossing[];
  crossing(): Promise<Crossing>;
  /** Grants given, finished and released. */
  readonly grants: { given: number; finished: number; released: number };
  close(): Promise<void>;
}

export interface BorderOptions extends Partial<Pick<ProxyOptions, "clock" | "timeouts" | "limits">> {
  readonly policy?: PolicyOptions;
  /** Absent: spans are granted. */
  readonly spans?: "none";
  readonly upstream?: Partial<UpstreamOptions>;
  /** Where copies go: another service of the same transport. */
  readonly mirror?: Omit<MirrorOptions, "upstream"> & { readonly url: string };
}

export interface Rig {
  readonly pair: Pair;
  readonly service: Service;
  /** The border of the pair with default options. */
  readonly border: Border;
  /** Another one, closed with the rig. */
  open(options: BorderOptions): Promise<Border>;
  close(): Promise<void>;
}

const authority = await createAuthority();
export const identity = await authority.issue(["localhost", "127.0.0.1"]);
export const { ca } = authority;

export async function createRig(pair: Pair): Promise<Rig> {
  const service = await startService(pair.to, identity);
  const borders: Border[] = [];
  const open = async (options: BorderOptions): Promise<Border> => {
    const border = await openBorder(pair, service.url, options);
    borders.push(border);
    return border;
  };
  return {
    pair,
    service,
    border: await open({}),
    open,
    async close() {
      await Promise.all(borders.map((border) => border.close()));
      await service.close();
    },
  };
}

async function openBorder(pair: Pair, url: string, options: BorderOptions): Promise<Border> {
  const crossings: Crossing[] = [];
  const grants = { given: 0, finished: 0, released: 0 };
  let waiting: ((crossing: Crossing) => void)[] = [];
  const { policy = {}, spans, upstream, mirror, ...rest } = options;
  const reached = { protocol: isHttp2(pair.to) ? "h2" : "http/1.1", tls: { ca } } as const;
  const proxy = await createProxy({
    boundary: defineBoundary({ name: "edge", side: "egress", cluster: "eu-1", policy }),
    listen: isSecure(pair.from) ? { tls: identity } : {},
    routes: [
      {
        upstream: { name: "svc", url, ...reached, ...upstream },
        ...(mirror === undefined
          ? {}
          : { mirror: { ...mirror, upstream: { name: "shadow", url: mirror.url, ...reached } } }),
      },
    ],
    spans: {
      grant() {
        if (spans === "none") return undefined;
        grants.given += 1;
        return {
          spans: SPANS,
          finish: () => {
            grants.finished += 1;
          },
          release: () => {
            grants.released += 1;
          },
        };
      },
    },
    observer: {
      crossed(crossing) {
        crossings.push(crossing);
        for (const resolve of waiting) resolve(crossing);
        waiting = [];
      },
    },
    ...rest,
  });
  const client = createClient(pair.from, proxy.address.port, ca);
  return {
    proxy,
    client,
    crossings,
    crossing: () => new Promise((resolve) => waiting.push(resolve)),
    grants,
    async close() {
      client.close();
      await proxy.close(AbortSignal.abort());
    },
  };
}
