/** An API server of Kubernetes, as far as EndpointSlices are listed and watched; on a real socket. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface SlicePeer {
  readonly address: string;
  readonly ready: boolean;
  readonly terminating?: boolean;
}

export interface KubernetesApi {
  readonly url: string;
  /** Queries in the order they came. */
  readonly asked: readonly URL[];
  /** What a list says from now on, and every watch that is open. */
  set(port: number, peers: readonly SlicePeer[]): void;
  bookmark(): void;
  /** 410 Gone: what is watched is too old; what is listed next is as given. */
  expire(port: number, peers: readonly SlicePeer[]): void;
  close(): Promise<void>;
}

export async function startKubernetesApi(): Promise<KubernetesApi> {
  const asked: URL[] = [];
  const watches = new Set<ServerResponse>();
  let version = 100;
  let slice: unknown;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://api");
    asked.push(url);
    response.writeHead(200, { "content-type": "application/json" });
    if (url.searchParams.get("watch") !== "1") {
      response.end(JSON.stringify({ metadata: { resourceVersion: String(version) }, items: [slice] }));
      return;
    }
    response.flushHeaders();
    watches.add(response);
    response.once("close", () => watches.delete(response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const send = (type: string, object: unknown): void => {
    for (const watch of watches) watch.write(`${JSON.stringify({ type, object })}\n`);
  };
  const place = (port: number, peers: readonly SlicePeer[]): void => {
    version += 1;
    slice = {
      metadata: { name: "shop-1", resourceVersion: String(version) },
      ports: [{ name: "http", port }],
      endpoints: peers.map(({ address, ready, terminating = false }) => ({
        addresses: [address],
        conditions: { ready: ready && !terminating, serving: ready, terminating },
      })),
    };
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    set(port, peers) {
      place(port, peers);
      send("MODIFIED", slice);
    },
    bookmark() {
      version += 1;
      send("BOOKMARK", { metadata: { resourceVersion: String(version) } });
    },
    expire(port, peers) {
      place(port, peers);
      send("ERROR", { kind: "Status", code: 410 });
      for (const watch of watches) watch.end();
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
