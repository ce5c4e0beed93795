/** Endpoints of upstreams in Kubernetes: the pipeline's watch, as the proxies ask for it. */
import { apiServerOf, systemClock, watchKubernetes } from "@tracemend/pipeline";
import type { WatchEndpoints } from "@tracemend/proxy";
import type { UpstreamConfig } from "./config-route.ts";
import { ConfigError } from "./config-file.ts";

/** `lost` is told why they cannot be found now; those known before stay in use. */
export function createEndpointWatch(lost: (service: string, message: string) => void): WatchEndpoints {
  return (service, port, found) =>
    watchKubernetes(port, service, systemClock, Math.random, {
      found,
      failed: (message) => lost(service.service, message),
    });
}

/** Throws a `ConfigError` where an upstream is in Kubernetes and this process is not, nor is told of an API server. */
export function checkEndpoints(upstreams: Readonly<Record<string, UpstreamConfig>>): void {
  for (const [name, { endpoints }] of Object.entries(upstreams)) {
    if (endpoints === undefined || !("kubernetes" in endpoints)) continue;
    const { service, api_server: apiServer } = endpoints.kubernetes;
    try {
      apiServerOf({ service, ...(apiServer === undefined ? {} : { apiServer }) });
    } catch (error) {
      throw new ConfigError(`upstreams.${name}.endpoints.kubernetes: ${(error as Error).message}`, { cause: error });
    }
  }
}
