/** How the gateways people run are told to let `traceparent` and `tracestate` through, as configuration to paste. */
import type { Remedy } from "../break.ts";
import type { Gateway, GatewaySnippets } from "./gateway.ts";
import { remedyFor } from "./gateway.ts";

const PASS: GatewaySnippets = {
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
  caddy: {
    product: "Caddy",
    language: "caddyfile",
    snippet: `reverse_proxy upstream {
	# no line here, and none of request_header before, may delete either:
	# header_up -Traceparent
	# header_up -Tracestate
}`,
  },
  apache: {
    product: "Apache httpd",
    language: "apache",
    snippet: `# mod_setenvif reads the request before rules without "early" change it
SetEnvIf traceparent "(.+)" in_traceparent=$1
SetEnvIf tracestate  "(.+)" in_tracestate=$1
# behind every other RequestHeader rule
RequestHeader set traceparent "%{in_traceparent}e" env=in_traceparent
RequestHeader set tracestate  "%{in_tracestate}e"  env=in_tracestate`,
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
  "aws-alb": {
    product: "AWS Application Load Balancer",
    language: "text",
    snippet: `# It passes traceparent and tracestate, and adds X-Amzn-Trace-Id, often with Root alone and no Parent.
# Look at the rules: a transform or a Lambda target may drop what it does not name. A service behind it that reads
# X-Amzn-Trace-Id before traceparent starts a trace of its own: OTEL_PROPAGATORS=tracecontext,baggage,xray`,
  },
  "aws-api-gateway": {
    product: "Amazon API Gateway",
    language: "yaml",
    snippet: `# HTTP integrations that are no proxy send only what is mapped (REST API, OpenAPI extension):
x-amazon-apigateway-integration:
  type: http
  requestParameters:
    integration.request.header.traceparent: method.request.header.traceparent
    integration.request.header.tracestate: method.request.header.tracestate`,
  },
  cloudfront: {
    product: "Amazon CloudFront",
    language: "yaml",
    snippet: `# the origin gets only the headers of the origin request policy
OriginRequestPolicyConfig:
  HeadersConfig:
    HeaderBehavior: whitelist
    Headers: [traceparent, tracestate, x-tracemend-context]`,
  },
};

/** The remedy for a hop that must let both headers through. */
export function letThrough(text: string, gateway: Gateway | undefined, likeliest: Gateway = "nginx"): Remedy {
  return remedyFor(text, PASS, gateway, likeliest);
}
