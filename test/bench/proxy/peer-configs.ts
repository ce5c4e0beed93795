/** nginx, HAProxy and Envoy as the same small proxy: one worker, connections kept on both sides, no access log. */
import type { OriginPorts } from "./origin.ts";
import type { Entry } from "./rows.ts";

export type EntryPorts = Readonly<Record<Entry, number>>;

export interface PeerConfig {
  readonly file: string;
  /** `tls`: a file with key and certificate, and each alone. */
  text(entries: EntryPorts, origin: OriginPorts, tls: TlsFiles): string;
  readonly args: (file: string) => readonly string[];
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly both: string;
}

export const PEER_CONFIGS: Readonly<Record<"nginx" | "haproxy" | "envoy", PeerConfig>> = {
  nginx: {
    file: "nginx.conf",
    args: (file) => ["-c", file, "-p", ".", "-e", "error.log"],
    text: (entries, origin, tls) => `
worker_processes 1;
daemon off;
pid nginx.pid;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  client_body_buffer_size 128k;
  proxy_buffers 16 8k;
  upstream plain { server 127.0.0.1:${origin.http}; keepalive 128; keepalive_requests 1000000000; }
  upstream grpc { server 127.0.0.1:${origin.grpc}; keepalive 128; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${entries.http};
    listen 127.0.0.1:${entries.tls} ssl;
    ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key};
    location / {
      proxy_pass http://plain;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
  }
  server {
    listen 127.0.0.1:${entries.grpc} http2;
    location / { grpc_pass grpc://grpc; }
  }
}
`,
  },
  haproxy: {
    file: "haproxy.cfg",
    args: (file) => ["-f", file],
    text: (entries, origin, tls) => `
global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend plain
  bind 127.0.0.1:${entries.http}
  bind 127.0.0.1:${entries.tls} ssl crt ${tls.both} alpn http/1.1
  default_backend plain
backend plain
  server origin 127.0.0.1:${origin.http}
frontend grpc
  bind 127.0.0.1:${entries.grpc} proto h2
  default_backend grpc
backend grpc
  server origin 127.0.0.1:${origin.grpc} proto h2
`,
  },
  envoy: {
    file: "envoy.json",
    args: (file) => ["-c", file, "--concurrency", "1", "--log-level", "error", "--disable-hot-restart"],
    text: (entries, origin, tls) => {
      const cluster = (name: string, port: number, http2: boolean): unknown => ({
        name,
        type: "STATIC",
        connect_timeout: "5s",
        circuit_breakers: { thresholds: [{ max_connections: 8192, max_requests: 8192, max_pending_requests: 8192 }] },
        load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: addressed(port) }] }] },
        typed_extension_protocol_options: {
          "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            explicit_http_config: http2 ? { http2_protocol_options: {} } : { http_protocol_options: {} },
          },
        },
      });
      const listener = (name: string, port: number, to: string, transport: object): unknown => ({
        name,
        ...addressed(port),
        filter_chains: [{ ...transport, filters: [connectionFilter(to)] }],
      });
      const identity = {
        transport_socket: {
          name: "envoy.transport_sockets.tls",
          typed_config: {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            common_tls_context: {
              tls_certificates: [{ certificate_chain: { filename: tls.cert }, private_key: { filename: tls.key } }],
            },
          },
        },
      };
      return JSON.stringify({
        static_resources: {
          listeners: [
            listener("http", entries.http, "plain", {}),
            listener("tls", entries.tls, "plain", identity),
            listener("grpc", entries.grpc, "grpc", {}),
          ],
          clusters: [cluster("plain", origin.http, false), cluster("grpc", origin.grpc, true)],
        },
      });
    },
  },
};

function addressed(port: number): { address: unknown } {
  return { address: { socket_address: { address: "127.0.0.1", port_value: port } } };
}

function connectionFilter(to: string): unknown {
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
      stat_prefix: to,
      generate_request_id: false,
      http_protocol_options: { enable_trailers: true },
      route_config: {
        virtual_hosts: [{ name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: to } }] }],
      },
      http_filters: [
        {
          name: "envoy.filters.http.router",
          typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
        },
      ],
    },
  };
}
