/** How the gateways people run are told to let `traceparent` and `tracestate` through, as configuration to paste. */
import type { Remedy, RemedySnippet } from "../break.ts";

/** A product that may stand on a hop. `node` is a proxy built on http-proxy or one of its heirs. */
export type Gateway = "nginx" | "envoy" | "haproxy" | "kong" | "traefik" | "node";

const PASS: Readonly<Record<Gateway, RemedySnippet>> = {
  nginx: {
    product: "nginx",
    language: "nginx",
    snippet: `location / {
    proxy_pass_request_headers on;
    proxy_set_header traceparent $http_traceparent;
    proxy_set_header tracestate  $http_tracestate;
    # with the otel module, instead of the two lines above:
    # otel_trace_context propagate;
    proxy_pass http://upstream;
}`,
  },
  envoy: {
    product: "Envoy",
    language: "yaml",
    snippet: `# traceparent and tracestate must stand in none of these lists: route configuration, virtual host, route, cluster
route_config:
  request_headers_to_remove: []
  internal_only_headers: []
# and header rules that must run before tracing belong into early_header_mutation_extensions`,
  },
  haproxy: {
    product: "HAProxy",
    language: "haproxy",
    snippet: `# first rules of the frontend: keep both before any del-header or replace-header
http-request set-var(txn.traceparent) req.fhdr(traceparent)
http-request set-var(txn.tracestate)  req.fhdr(tracestate)
# last rules of the backend: put them back
http-request set-header traceparent %[var(txn.traceparent)] if { var(txn.traceparent) -m found }
http-request set-header tracestate  %[var(txn.tracestate)]  if { var(txn.tracestate) -m found }`,
  },
  kong: {
    product: "Kong",
    language: "yaml",
    snippet: `plugins:
  - name: opentelemetry
    config:
      propagation:
        extract: [w3c] # the default order tries b3 first and gives up when it meets a tracestate
        inject: [w3c]
        default_format: w3c
  # request-transformer: remove.headers must not name traceparent or tracestate`,
  },
  traefik: {
    product: "Traefik",
    language: "yaml",
    snippet: `http:
  middlewares:
    gateway-headers:
      headers:
        customRequestHeaders:
          # an empty value removes the header: no traceparent: "" and no tracestate: "" here
          X-Example: kept`,
  },
  node: {
    product: "Node.js (http-proxy-3)",
    language: "ts",
    snippet: `proxy.on("proxyReq", (outgoing, incoming) => {
  for (const name of ["traceparent", "tracestate"]) {
    const value = incoming.headers[name];
    if (typeof value === "string") outgoing.setHeader(name, value);
  }
});`,
  },
};

const ALL: readonly Gateway[] = ["nginx", "envoy", "haproxy", "kong", "traefik", "node"];

/** The remedy for a hop that must let both headers through: the product that is known (`sure`) or likeliest, and the others. */
export function letThrough(text: string, likeliest: Gateway, sure: boolean): Remedy {
  const { product, snippet, language } = PASS[likeliest];
  const whose = sure ? "" : ` Shown for ${product}; the same for other products stands beside it.`;
  const others = ALL.filter((name) => name !== likeliest).map((name) => PASS[name]);
  return { text: text + whose, snippet, language, others };
}
