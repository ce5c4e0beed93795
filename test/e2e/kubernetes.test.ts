import { createServer } from "node:http";
import type { Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { KubernetesApi } from "../support/kubernetes.ts";
import { startKubernetesApi } from "../support/kubernetes.ts";
import type { ProgramProcess } from "../support/program.ts";
import { startProgram } from "../support/program.ts";

/** Pods of one service: one port, an address each. */
const PODS = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];

const PATIENT = { timeout: 20_000 };

let api: KubernetesApi;
let program: ProgramProcess;
let pods: readonly Server[];
let port = 0;

function listen(address: string, at: number): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  const server = createServer((_request, response) => response.end(address));
  server.once("error", reject).listen(at, address, () => resolve(server));
  return promise;
}

beforeEach(async () => {
  const first = await listen(PODS[0] as string, 0);
  port = (first.address() as { port: number }).port;
  pods = [first, ...(await Promise.all(PODS.slice(1).map((address) => listen(address, port))))];
  api = await startKubernetesApi();
});
afterEach(async () => {
  await program.stop();
  await api.close();
  for (const pod of pods) pod.close();
});

const start = async (workers = "1") => {
  program = await startProgram(`
cluster: eu-1
workers: ${workers}
boundaries:
  - { name: in, side: ingress, listen: "127.0.0.1:0", routes: [{ upstream: shop }] }
upstreams:
  shop:
    url: "http://127.0.0.2:${port}"
    endpoints: { kubernetes: { service: shop, namespace: eu, port: http, api_server: "${api.url}" } }
    ejection: { failures: 1000 }
admin: { listen: "127.0.0.1:0" }
`);
};

/** Who answers, in twelve requests; each one is answered. */
async function answering(): Promise<readonly string[]> {
  const seen = new Set<string>();
  for (let count = 0; count < 12; count += 1) {
    const answer = await fetch(program.url("boundary in"), { headers: { connection: "close" } });
    expect(answer.status).toBe(200);
    seen.add(await answer.text());
  }
  return [...seen].toSorted();
}

const serving = (...addresses: readonly string[]) => addresses.map((address) => ({ address, ready: true }));

describe("an upstream in Kubernetes", () => {
  it("goes to the pods that are ready, as they come and go, without a failed request", async () => {
    api.set(port, [...serving("127.0.0.2"), { address: "127.0.0.3", ready: false }]);
    await start();
    expect(await answering()).toEqual(["127.0.0.2"]);
    expect(api.asked[0]?.pathname).toBe("/apis/discovery.k8s.io/v1/namespaces/eu/endpointslices");

    await expect.poll(() => api.asked.length, PATIENT).toBe(2);
    api.set(port, serving("127.0.0.2", "127.0.0.3"));
    await expect.poll(answering, PATIENT).toEqual(["127.0.0.2", "127.0.0.3"]);

    api.set(port, [...serving("127.0.0.3"), { address: "127.0.0.2", ready: true, terminating: true }]);
    await expect.poll(answering, PATIENT).toEqual(["127.0.0.3"]);

    // None is ready, one serves on; then not even that: what was known stays.
    api.set(port, [{ address: "127.0.0.4", ready: true, terminating: true }]);
    await expect.poll(answering, PATIENT).toEqual(["127.0.0.4"]);
    const warned = program.said("endpoints not found");
    api.set(port, []);
    expect(await warned).toMatchObject({ service: "shop", reason: "no peers" });
    expect(await answering()).toEqual(["127.0.0.4"]);
  });

  it("is listed anew where the watch is too old, and watched on from the last bookmark", async () => {
    api.set(port, serving("127.0.0.2"));
    await start();
    await expect.poll(() => api.asked.length, PATIENT).toBe(2);
    api.bookmark();
    api.expire(port, serving("127.0.0.3", "127.0.0.4"));
    await expect.poll(answering, PATIENT).toEqual(["127.0.0.3", "127.0.0.4"]);
    const lists = api.asked.filter((url) => !url.searchParams.has("watch"));
    expect(lists.length).toBe(2);
    await expect.poll(() => api.asked.at(-1)?.searchParams.get("resourceVersion"), PATIENT).toBe("103");
  });

  it("is found by every worker", async () => {
    api.set(port, serving("127.0.0.3", "127.0.0.4"));
    await start("2");
    await expect.poll(() => api.asked.length, PATIENT).toBeGreaterThanOrEqual(4);
    await expect.poll(answering, PATIENT).toEqual(["127.0.0.3", "127.0.0.4"]);
  });
});
