/** How gateways that write spans of their own are told where to export them, as configuration to paste. */
import type { Remedy } from "../break.ts";
import type { Gateway, GatewaySnippets } from "./gateway.ts";
import { remedyFor } from "./gateway.ts";

const EXPORT: GatewaySnippets = {
  envoy: {
    product: "Envoy",
    language: "yaml",
    snippet: `tracing:
  provider:
    name: envoy.tracers.opentelemetry
    typed_config:
      "@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig
      service_name: gateway
      grpc_service: { envoy_grpc: { cluster_name: collector } } # a cluster that exists, with http2_protocol_options
# or, to pass the context on untouched: no tracing section at all`,
  },
  nginx: {
    product: "nginx (otel module)",
    language: "nginx",
    snippet: `otel_exporter { endpoint collector:4317; }
otel_trace $otel_parent_sampled;
otel_trace_context propagate; # without otel_trace it makes up a span id that nobody exports`,
  },
  kong: {
    product: "Kong",
    language: "yaml",
    snippet: `# kong.conf: tracing_instrumentations = all
plugins:
  - name: opentelemetry
    config: { traces_endpoint: "http://collector:4318/v1/traces" }`,
  },
  traefik: {
    product: "Traefik",
    language: "yaml",
    snippet: `tracing:
  otlp:
    grpc: { endpoint: collector:4317, insecure: true }`,
  },
  caddy: {
    product: "Caddy",
    language: "sh",
    snippet: `# the tracing handler exports where the environment says, and writes its span id into traceparent all the same
OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4317 OTEL_SERVICE_NAME=gateway caddy run`,
  },
};

/** The remedy for a hop whose spans are missing. */
export function exportSpans(text: string, gateway: Gateway | undefined): Remedy {
  return remedyFor(text, EXPORT, gateway, "envoy");
}
