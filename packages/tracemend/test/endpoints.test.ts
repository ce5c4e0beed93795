import { afterEach, expect, it } from "vitest";
import { startKubernetesApi } from "../../../test/support/kubernetes.ts";
import { checkEndpoints, createEndpointWatch } from "../src/endpoints.ts";

const host = process.env["KUBERNETES_SERVICE_HOST"];
afterEach(() => {
  if (host === undefined) delete process.env["KUBERNETES_SERVICE_HOST"];
  else process.env["KUBERNETES_SERVICE_HOST"] = host;
});

const upstreamIn = (kubernetes: { service: string; api_server?: string }) => ({
  shop: { url: "http://shop", protocol: "auto" as const, endpoints: { kubernetes } },
});

it("a service of Kubernetes needs an API server: the one that is named, or the cluster's own", () => {
  delete process.env["KUBERNETES_SERVICE_HOST"];
  expect(() => checkEndpoints(upstreamIn({ service: "shop" }))).toThrow(
    "upstreams.shop.endpoints.kubernetes: apiServer must be given outside a cluster",
  );
  expect(() => checkEndpoints(upstreamIn({ service: "shop", api_server: "http://a" }))).not.toThrow();
  process.env["KUBERNETES_SERVICE_HOST"] = "10.0.0.1";
  expect(() => checkEndpoints(upstreamIn({ service: "shop" }))).not.toThrow();
});

it("endpoints are told as they are found, and why they are not", async () => {
  const api = await startKubernetesApi();
  api.set(80, [{ address: "10.0.0.1", ready: true }]);
  const lost = Promise.withResolvers<readonly [string, string]>();
  const found = Promise.withResolvers<readonly string[]>();
  const watch = createEndpointWatch((...why) => lost.resolve(why));
  const watching = watch({ service: "shop", namespace: "eu", apiServer: api.url }, 8080, found.resolve);
  expect(await found.promise).toEqual(["10.0.0.1:8080"]);
  await api.close();
  expect((await lost.promise)[0]).toBe("shop");
  watching.close();
});
