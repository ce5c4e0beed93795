/** The watch protocol, against a server that speaks it. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createAuthority } from "../../../../test/support/certificates.ts";
import type { Authority } from "../../../../test/support/certificates.ts";
import { systemClock } from "@tracemend/pipeline";
import { watchKubernetes } from "../../src/balance/kubernetes.ts";
import { eventually } from "../batches.ts";
import { createFolder } from "../disk/folder.ts";

interface Slice {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly endpoints: readonly {
    readonly addresses: readonly string[];
    readonly conditions: { readonly ready?: boolean; readonly serving?: boolean };
  }[];
}

function sliceOf(name: string, version: number, addresses: Readonly<Record<string, boolean | undefined>>): Slice {
  return {
    metadata: { name, resourceVersion: String(version) },
    ports: [
      { name: "otlp", port: 4317 },
      { name: "metrics", port: 8888 },
    ],
    endpoints: Object.entries(addresses).map(([address, ready]) => ({
      addresses: [address],
      conditions: ready === undefined ? {} : { ready },
    })),
  };
}

async function setUp(authority?: Authority) {
  const requests: URL[] = [];
  const tokens: (string | undefined)[] = [];
  const watches: ServerResponse[] = [];
  let items: Slice[] = [];
  let listStatus = 200;
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? "", "http://api");
    requests.push(url);
    tokens.push(request.headers.authorization);
    if (url.searchParams.get("watch") === "1") {
      response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
      watches.push(response);
      return;
    }
    response.writeHead(listStatus, { "content-type": "application/json" });
    response.end(JSON.stringify({ metadata: { resourceVersion: "10" }, items }));
  };
  const server =
    authority === undefined ? createServer(serve) : createSecureServer(await authority.issue(["127.0.0.1"]), serve);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const found: (readonly string[])[] = [];
  const failures: string[] = [];
  const folder = createFolder();
  const tokenFile = join(folder, "token");
  const caFile = join(folder, "ca.crt");
  if (authority !== undefined) writeFileSync(caFile, authority.ca);
  writeFileSync(tokenFile, "first\n");
  const begin = (): void => {
    const scheme = authority === undefined ? "http" : "https";
    const apiServer = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const resolver = watchKubernetes(
      4317,
      { service: "collector", namespace: "observability", port: "otlp", apiServer, tokenFile, caFile },
      systemClock,
      () => 0,
      { found: (peers) => found.push(peers), failed: (message) => failures.push(message) },
    );
    onTestFinished(() => resolver.close());
  };
  return {
    requests,
    tokens,
    watches,
    found,
    failures,
    tokenFile,
    caFile,
    begin,
    list: (...slices: Slice[]) => (items = slices),
    answer: (status: number) => (listStatus = status),
    send: (type: string, object: unknown) => watches.at(-1)?.write(`${JSON.stringify({ type, object })}\n`),
  };
}

describe("peers from EndpointSlices", () => {
  test("are the ready endpoints of all slices, listed and then watched from there", async () => {
    const api = await setUp();
    api.list(sliceOf("a", 1, { "10.0.0.1": true, "10.0.0.2": false }), sliceOf("b", 2, { "10.0.0.3": undefined }));
    api.begin();
    await eventually(() => api.watches.length === 1);
    expect(api.found).toEqual([["10.0.0.1:4317", "10.0.0.3:4317"]]);
    const [list, watch] = api.requests as [URL, URL];
    expect(list.pathname).toBe("/apis/discovery.k8s.io/v1/namespaces/observability/endpointslices");
    expect(list.searchParams.get("labelSelector")).toBe("kubernetes.io/service-name=collector");
    expect(watch.searchParams.get("resourceVersion")).toBe("10");

    api.send("MODIFIED", sliceOf("a", 11, { "10.0.0.1": true, "10.0.0.2": true }));
    await eventually(() => api.found.length === 2);
    api.send("DELETED", sliceOf("b", 12, {}));
    await eventually(() => api.found.length === 3);
    api.send("ADDED", sliceOf("c", 13, { "10.0.0.9": true }));
    await eventually(() => api.found.length === 4);
    expect(api.found.at(-1)).toEqual(["10.0.0.1:4317", "10.0.0.2:4317", "10.0.0.9:4317"]);
    expect(api.failures).toEqual([]);
  });

  test("are watched on from the last version when the server ends the watch, with the token of then", async () => {
    const api = await setUp();
    api.list(sliceOf("a", 1, { "10.0.0.1": true }));
    api.begin();
    await eventually(() => api.watches.length === 1);
    api.send("BOOKMARK", { metadata: { resourceVersion: "77" } });
    writeFileSync(api.tokenFile, "second\n");
    api.watches[0]?.end();
    await eventually(() => api.watches.length === 2);
    expect(api.requests.at(-1)?.searchParams.get("resourceVersion")).toBe("77");
    expect(api.tokens.at(-1)).toBe("Bearer second");
    expect(api.requests).toHaveLength(3);
  });

  test("are listed anew when the version is gone, or the connection is cut in a line", async () => {
    const api = await setUp();
    api.list(sliceOf("a", 1, { "10.0.0.1": true }));
    api.begin();
    await eventually(() => api.watches.length === 1);
    api.list(sliceOf("a", 20, { "10.0.0.5": true }));
    api.send("ERROR", { kind: "Status", code: 410 });
    await eventually(() => api.found.length === 2);
    expect(api.found[1]).toEqual(["10.0.0.5:4317"]);
    await eventually(() => api.watches.length === 2);
    api.list(sliceOf("a", 30, { "10.0.0.6": true }));
    api.watches[1]?.write(`{"type":"MODI`);
    api.watches[1]?.destroy();
    await eventually(() => api.found.length === 3);
    expect(api.found[2]).toEqual(["10.0.0.6:4317"]);
    expect(api.failures.length).toBeGreaterThanOrEqual(2);
  });

  test("stay as they were while the server refuses, and when no endpoint is ready", async () => {
    const api = await setUp();
    api.list(sliceOf("a", 1, { "10.0.0.1": true }));
    api.answer(403);
    api.begin();
    await eventually(() => api.failures.length > 0);
    expect(api.failures[0]).toBe("the API server answered 403");
    api.answer(200);
    await eventually(() => api.watches.length === 1);
    api.send("MODIFIED", sliceOf("a", 11, { "10.0.0.1": false }));
    await eventually(() => api.failures.includes("no peers"));
    expect(api.found).toEqual([["10.0.0.1:4317"]]);
  });

  test("are those that serve on while they terminate, where none is ready", async () => {
    const api = await setUp();
    const conditions = { ready: false, serving: true, terminating: true };
    const leaving = { ...sliceOf("a", 1, {}), endpoints: [{ addresses: ["10.0.0.1"], conditions }] };
    api.list(leaving, sliceOf("b", 2, { "10.0.0.2": true }));
    api.begin();
    await eventually(() => api.watches.length === 1);
    expect(api.found).toEqual([["10.0.0.2:4317"]]);
    api.send("MODIFIED", sliceOf("b", 11, { "10.0.0.2": false }));
    await eventually(() => api.found.length === 2);
    expect(api.found[1]).toEqual(["10.0.0.1:4317"]);
  });

  test("are asked for over TLS, by the authority of the cluster alone", async () => {
    const api = await setUp(await createAuthority());
    api.list(sliceOf("a", 1, { "10.0.0.1": true }));
    api.begin();
    await eventually(() => api.watches.length === 1);
    expect(api.tokens).toEqual(["Bearer first", "Bearer first"]);
    writeFileSync(api.caFile, (await createAuthority()).ca);
    api.begin();
    await eventually(() => api.failures.length > 0);
    expect(api.requests).toHaveLength(2);
  });

  test("need an API server outside a cluster", () => {
    expect(() => watchKubernetes(1, { service: "s" }, systemClock, () => 0, { found() {}, failed() {} })).toThrow(
      "apiServer must be given outside a cluster",
    );
  });
});
