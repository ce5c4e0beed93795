/** How gateways are told to follow the sampling decision that came in, as configuration to paste. */
import type { Remedy } from "../break.ts";
import type { Gateway, GatewaySnippets } from "./gateway.ts";
import { remedyFor } from "./gateway.ts";

const FOLLOW: GatewaySnippets = {
  envoy: {
    product: "Envoy",
    language: "yaml",
    snippet: `# Envoy keeps its decision in a digit of the request id, and takes an id that is no UUID for "not sampled"
request_id_extension:
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig
    use_request_id_for_trace_sampling: false`,
  },
  nginx: {
    product: "nginx (otel module)",
    language: "nginx",
    snippet: `otel_trace $otel_parent_sampled;
otel_trace_context propagate;`,
  },
};

/** The remedy for a hop that decides on sampling anew. */
export function followSampling(text: string, gateway: Gateway | undefined): Remedy {
  return remedyFor(text, FOLLOW, gateway, "envoy");
}
