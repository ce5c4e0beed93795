/** Real gateways in the configurations people run them in, and what each does to a trace. */
import type { BreakKind, Remedy } from "@tracemend/diagnosis";
import { letThrough } from "../../packages/diagnosis/src/remedies/gateway-headers.ts";
import { followSampling } from "../../packages/diagnosis/src/remedies/gateway-sampling.ts";

export interface Ports {
  readonly listen: number;
  readonly upstream: number;
  /** Nothing listens there: where a gateway would export its spans. */
  readonly nowhere: number;
}

export interface Setup {
  /** Names the recording. */
  readonly name: string;
  /** A peer of `test/peers/peers.ts`. */
  readonly program: "nginx" | "haproxy" | "caddy" | "envoy" | "apache";
  /** What stands in its configuration file. */
  readonly config: (ports: Ports) => string;
  /** The field that the border in front of it puts the second copy of the context in. */
  readonly carrier?: string;
  /** Whether callers use request ids that are no UUIDs. */
  readonly foreignRequestIds?: boolean;
  /** What is to be found at the border behind it; empty where it does no harm. */
  readonly breaks: readonly BreakKind[];
}

const nginx = (name: string, location: string, breaks: readonly BreakKind[], carrier?: string): Setup => ({
  name: `nginx-${name}`,
  program: "nginx",
  config: ({ listen, upstream }) => `
    daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log stderr;
    events { worker_connections 64; }
    http {
      access_log off; client_body_temp_path body; proxy_temp_path proxy;
      fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
      server {
        listen 127.0.0.1:${listen};
        location / { proxy_pass http://127.0.0.1:${upstream}; ${location} }
      }
    }`,
  breaks,
  ...(carrier === undefined ? {} : { carrier }),
});

const haproxy = (name: string, rules: string, breaks: readonly BreakKind[]): Setup => ({
  name: `haproxy-${name}`,
  program: "haproxy",
  config: ({ listen, upstream }) =>
    [
      "defaults",
      "  mode http",
      "  timeout connect 5s",
      "  timeout client 5s",
      "  timeout server 5s",
      "frontend edge",
      `  bind 127.0.0.1:${listen}`,
      ...rules.split("\n").map((rule) => `  ${rule}`),
      "  default_backend behind",
      "backend behind",
      `  server one 127.0.0.1:${upstream}`,
      "",
    ].join("\n"),
  breaks,
});

const caddy = (name: string, handlers: string, proxy: string, breaks: readonly BreakKind[]): Setup => ({
  name: `caddy-${name}`,
  program: "caddy",
  config: ({ listen, upstream }) => `{
  admin off
  auto_https off
}
http://:${listen} {
  bind 127.0.0.1
${handlers}
  reverse_proxy 127.0.0.1:${upstream} {
${proxy}
  }
}
`,
  breaks,
});

const apache = (name: string, rules: string, breaks: readonly BreakKind[]): Setup => ({
  name: `apache-${name}`,
  program: "apache",
  config: ({ listen, upstream }) => `
ServerName gateway
Listen 127.0.0.1:${listen}
PidFile \${FOLDER}/apache.pid
ErrorLog \${FOLDER}/error.log
LoadModule mpm_event_module \${MODULES}/mod_mpm_event.so
LoadModule authz_core_module \${MODULES}/mod_authz_core.so
LoadModule headers_module \${MODULES}/mod_headers.so
LoadModule setenvif_module \${MODULES}/mod_setenvif.so
LoadModule proxy_module \${MODULES}/mod_proxy.so
LoadModule proxy_http_module \${MODULES}/mod_proxy_http.so
LoadModule unique_id_module \${MODULES}/mod_unique_id.so
${rules}
ProxyPass / http://127.0.0.1:${upstream}/
`,
  breaks,
});

const envoy = (
  name: string,
  parts: { readonly tracing?: string; readonly route?: string },
  breaks: readonly BreakKind[],
): Setup => ({
  name: `envoy-${name}`,
  program: "envoy",
  config: ({ listen, upstream, nowhere }) => `
static_resources:
  listeners:
    - address: { socket_address: { address: 127.0.0.1, port_value: ${listen} } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: edge
${parts.tracing ?? ""}
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
${parts.route ?? ""}
                      routes: [{ match: { prefix: "/" }, route: { cluster: behind } }]
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
  clusters:
    - name: behind
      load_assignment:
        cluster_name: behind
        endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${upstream} } } } }] }]
    - name: collector
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config: { http2_protocol_options: {} }
      load_assignment:
        cluster_name: collector
        endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${nowhere} } } } }] }]
`,
  breaks,
});

const OTEL = `                tracing:
                  provider:
                    name: envoy.tracers.opentelemetry
                    typed_config:
                      "@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig
                      grpc_service: { envoy_grpc: { cluster_name: collector } }
                      service_name: gateway`;

const ZIPKIN = `                tracing:
                  provider:
                    name: envoy.tracers.zipkin
                    typed_config:
                      "@type": type.googleapis.com/envoy.config.trace.v3.ZipkinConfig
                      collector_cluster: collector
                      collector_endpoint: /api/v2/spans
                      collector_endpoint_version: HTTP_JSON`;

const UNSET = "                      request_headers_to_remove: [traceparent]";

/** The lines of a remedy as the page gives them to paste, without its comments. */
function pasted({ snippet = "" }: Remedy): readonly string[] {
  return snippet.split("\n").filter((line) => !line.trimStart().startsWith("#"));
}

const NGINX_REMEDY = pasted(letThrough("", "nginx")).filter((line) => line.includes("proxy_set_header"));
const HAPROXY_REMEDY = pasted(letThrough("", "haproxy"));
const APACHE_REMEDY = pasted(letThrough("", "apache"));
const ENVOY_SAMPLING_REMEDY = pasted(followSampling("", "envoy")).map((line) => `                ${line}`);

export const SETUPS: readonly Setup[] = [
  nginx("default", "", []),
  nginx("cleared", 'proxy_set_header traceparent "";', ["stripped-before-us"]),
  // The allow-list of a gateway that passes nothing but what it names.
  nginx(
    "allow-list",
    "proxy_pass_request_headers off; proxy_set_header X-Request-Id $http_x_request_id;",
    ["stripped-before-us"],
    "x-request-id",
  ),
  nginx("allow-list-remedied", `proxy_pass_request_headers off; ${NGINX_REMEDY.join(" ")}`, []),
  // A recipe people find for "adding tracing": a new trace for each request, in a trace that was there already.
  nginx("own-traceparent", "proxy_set_header traceparent 00-$request_id-00f067aa0ba902b7-01;", [
    "restarted-between-borders",
  ]),
  haproxy("default", "", []),
  haproxy("request-id", "unique-id-format %[uuid()]\nunique-id-header X-Request-ID", []),
  haproxy("stripped", "http-request del-header traceparent", ["stripped-before-us"]),
  haproxy(
    "stripped-remedied",
    [...HAPROXY_REMEDY.slice(0, 2), "http-request del-header traceparent", ...HAPROXY_REMEDY.slice(2)].join("\n"),
    [],
  ),
  haproxy("tracestate-stripped", "http-request del-header tracestate", ["tracestate-lost"]),
  haproxy("added", "http-request add-header traceparent 00-%[uuid(),regsub(-,,g)]-00f067aa0ba902b7-01", [
    "duplicate-traceparent",
  ]),
  haproxy("unsampled", "http-request replace-header traceparent (.*)-01 \\1-00", ["sampled-flag-cleared"]),
  haproxy("upper-case", "http-request set-header traceparent %[req.hdr(traceparent),upper]", ["malformed-traceparent"]),
  caddy("default", "", "", []),
  caddy("stripped", "", "    header_up -Traceparent", ["stripped-before-us"]),
  caddy("tracing", "  tracing {\n    span gateway\n  }", "", ["ghost-hop-before-us"]),
  apache("default", "", []),
  apache("stripped", "RequestHeader unset traceparent early", ["stripped-before-us"]),
  apache("stripped-remedied", ["RequestHeader unset traceparent", ...APACHE_REMEDY].join("\n"), []),
  apache("appended", "RequestHeader append traceparent 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 early", [
    "duplicate-traceparent",
  ]),
  envoy("default", {}, []),
  envoy("stripped", { route: UNSET }, ["stripped-before-us"]),
  envoy("opentelemetry", { tracing: OTEL }, ["ghost-hop-before-us"]),
  // Envoy keeps its sampling decision in the request id, and takes one that is no UUID for "not sampled": nothing is
  // recorded behind it, and the parent that it makes up is missed by nobody.
  {
    ...envoy("opentelemetry-foreign-ids", { tracing: OTEL }, ["sampled-flag-cleared"]),
    foreignRequestIds: true,
  },
  {
    ...envoy("opentelemetry-foreign-ids-remedied", { tracing: `${OTEL}\n${ENVOY_SAMPLING_REMEDY.join("\n")}` }, [
      "ghost-hop-before-us",
    ]),
    foreignRequestIds: true,
  },
  envoy("zipkin", { tracing: ZIPKIN }, ["formats-disagree"]),
];
