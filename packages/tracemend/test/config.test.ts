import { describe, expect, it } from "vitest";
import { parseConfig } from "../src/config.ts";

const MINIMAL = `
cluster: eu-1
boundaries:
  - name: out
    side: egress
    listen: 127.0.0.1:8080
    routes:
      - upstream: gateway
upstreams:
  gateway: { url: "http://10.0.0.1:9000" }
`;

function findings(text: string, env: Record<string, string> = {}): string[] {
  try {
    parseConfig("tracemend.yaml", text, env);
    return [];
  } catch (error) {
    return (error as Error).message.split("\n");
  }
}

describe("the configuration", () => {
  it("fills in every default", () => {
    const config = parseConfig("tracemend.yaml", MINIMAL, {});
    expect(config.boundaries[0]).toMatchObject({
      listen: { host: "127.0.0.1", port: 8080 },
      policy: {},
      routes: [{ match: {}, upstream: "gateway" }],
    });
    expect(config.admin.listen).toEqual({ host: "127.0.0.1", port: 9464 });
    expect(config.shutdown).toEqual({ drain_ms: 10_000, flush_ms: 5000 });
  });

  it("listens on loopback where only a port is given, and reads IPv6 in brackets", () => {
    const listen = (text: string) =>
      parseConfig("f", MINIMAL.replace("127.0.0.1:8080", text), {}).boundaries[0]?.listen;
    expect(listen('":8080"')).toEqual({ host: "127.0.0.1", port: 8080 });
    expect(listen('"[::1]:8080"')).toEqual({ host: "::1", port: 8080 });
  });

  it("names file, line, column and key of each thing that is wrong, all at once", () => {
    const wrong = MINIMAL.replace("side: egress", "side: sideways").replace(
      "cluster: eu-1",
      "cluster: EU 1\nclusters: 2",
    );
    expect(findings(wrong)).toEqual([
      expect.stringMatching(/^tracemend\.yaml:2:1: cluster: must be 1 to 16 characters/),
      expect.stringMatching(/^tracemend\.yaml:6:5: boundaries\.0\.side: .*"ingress"\|"egress"/),
      "tracemend.yaml:3:1: clusters: is not a key that is known here",
    ]);
  });

  it("says in plain words what is missing, of another kind, or not among what it can be", () => {
    const text = `
service_name: 7
receivers: { otlp_grpc: 4317, bearer_tokens: ["two words"] }
destinations:
  a: { queue: { max_bytes: 1.5 }, timeout_ms: 0, signals: [] }
  b: { endpoint: "collector:4317", sample: { kind: tial } }`;
    expect(findings(text).toSorted()).toEqual([
      "tracemend.yaml:2:1: cluster: is missing; it must be a text",
      "tracemend.yaml:2:1: service_name: must be a text, not a number",
      "tracemend.yaml:3:14: receivers.otlp_grpc: must be a map of keys, not a number",
      "tracemend.yaml:3:47: receivers.bearer_tokens.0: must be letters, digits and -._~+/, with = at the end",
      "tracemend.yaml:5:17: destinations.a.queue.max_bytes: must be a whole number, not a number with a fraction",
      "tracemend.yaml:5:35: destinations.a.timeout_ms: must be above 0",
      "tracemend.yaml:5:3: destinations.a.endpoint: is missing; it must be a text",
      "tracemend.yaml:5:50: destinations.a.signals: must not be empty",
      'tracemend.yaml:6:46: destinations.b.sample.kind: must be one of "probabilistic"|"rate_limiting"|"tail"',
      "tracemend.yaml:6:8: destinations.b.endpoint: must be a URL with http or https, such as http://127.0.0.1:4317",
    ]);
  });

  it("reads numbers and switches from the environment where they are wanted, and text where that is", () => {
    const text = "cluster: ${env:N}\nworkers: ${env:N}\nmetrics: { collector_names: '${env:ON:-true}' }";
    expect(parseConfig("f", text, { N: "3" })).toMatchObject({
      cluster: "3",
      workers: 3,
      metrics: { collector_names: true },
    });
    expect(findings("cluster: eu\nworkers: ${env:N}", { N: "three" })).toEqual([
      "tracemend.yaml:2:1: workers: must be a number from 1 to 256, or auto",
    ]);
    expect(findings("cluster: eu\nresource:\n  a.b: ${env:NONE}")).toEqual([
      "tracemend.yaml:3:3: resource.a.b: environment variable NONE is not set and has no default; ${env:NONE:-…} gives it one",
    ]);
  });

  it("tells no secret of an endpoint, and finds queues that would share a folder", () => {
    const storage = (folder: string) => `queue: { storage: { folder: ${folder} } }`;
    const text = `cluster: eu
destinations:
  a: { endpoint: "http://a:4317", ${storage("spool")} }
  b: { endpoint: "http://b:4317", ${storage("./spool")} }
  c: { endpoint: "https://user:s3cret@c:4317/?key=s3cret" }
  d: { endpoint: "http://d:4317", tls: { ca_file: ca.pem } }`;
    const found = findings(text);
    expect(found.join("\n")).not.toContain("s3cret");
    expect(found).toEqual([
      'tracemend.yaml:4:55: destinations.b.queue.storage.folder: "spool" is the folder of a already; each queue has one of its own',
      expect.stringMatching(/^tracemend\.yaml:5:3: destinations\.c: .* must be without query and credentials/),
      expect.stringMatching(/^tracemend\.yaml:6:3: destinations\.d: .* tls must be absent with http/),
    ]);
  });

  it("says which upstreams there are when a route names another", () => {
    expect(findings(MINIMAL.replace("upstream: gateway", "upstream: gatevay"))).toEqual([
      'tracemend.yaml:8:9: boundaries.0.routes.0.upstream: there is no upstream "gatevay" (there are: gateway)',
    ]);
  });

  it("takes all that routes and upstreams can be, and says where one cannot", () => {
    const routes = `routes:
      - match: { path_template: "/users/{id}", methods: [GET], headers: [{ name: x-tier, prefix: gold }] }
        split: [{ upstream: gateway, weight: 9 }, { upstream: canary, weight: 1 }]
      - { match: { path: /robots.txt }, answer: { status: 200, body: none, fields: { x_y: "1" } } }
      - { match: { path_prefix: /api }, upstream: gateway, rewrite: { path_prefix: /v2 } }
      - { upstream: gateway, mirror: { upstream: canary, share: 0.1, sampling: deny, host_suffix: -shadow, buffer_bytes: 1000 } }`;
    const canary = `
  canary:
    url: "https://canary.example"
    discovery: dns
    balance: hash
    hash_field: x-user
    health: { path: /healthz, interval_ms: 1000 }
    retry: { tries: 3, statuses: [503], grpc_statuses: [14, 8], buffer_bytes: 16384, try_ms: 500 }
    timeouts: { total_ms: 9000 }
    limits: { requests: 100 }
    max_age_ms: 60000
`;
    const text = MINIMAL.replace("routes:\n      - upstream: gateway", routes) + canary.slice(1);
    expect(findings(text)).toEqual([]);
    expect(findings(text.replace("upstream: canary,", "upstream: canery,"))).toEqual([
      expect.stringContaining('boundaries.0.routes.0.split.1.upstream: there is no upstream "canery"'),
    ]);
    expect(findings(text.replace("mirror: { upstream: canary", "mirror: { upstream: canery"))).toEqual([
      expect.stringContaining('boundaries.0.routes.3.mirror.upstream: there is no upstream "canery"'),
    ]);
    expect(findings(text.replace("upstream: gateway, rewrite", "rewrite"))).toEqual([
      expect.stringMatching(/^tracemend\.yaml:11:9: boundaries\.0\.routes\.2: is .*exactly one of/),
    ]);
    expect(findings(text.replace("[14, 8]", "[14, 80]"))).toEqual([
      "tracemend.yaml:21:41: upstreams.canary.retry.grpc_statuses: is 80; it must be an integer from 1 to 16",
    ]);
    expect(findings(text.replace("balance: hash", "balance: round-robin"))).toEqual([
      expect.stringContaining("upstreams.canary.hash_field: is "),
    ]);
  });

  it("takes tunnels for CONNECT, and says what is wrong with one", () => {
    const routes = 'routes:\n      - { match: { authority: "db.internal:5432" }, upstream: gateway }';
    const text = MINIMAL.replace("routes:\n      - upstream: gateway", routes).replace("http://10", "tcp://10");
    expect(findings(text)).toEqual([]);
    expect(findings(text.replace("db.internal:5432", "db.internal"))).toEqual([
      expect.stringMatching(/^tracemend\.yaml:8:20: boundaries\.0\.routes\.0\.match\.authority: is "db\.internal"/),
    ]);
    expect(findings(text.replace(/tcp:\/\/10[^"]*/, "tcp://db"))).toEqual([
      expect.stringContaining("upstreams.gateway.url: is"),
    ]);
    expect(findings(MINIMAL.replace("http://10", "tcp://10"))).toEqual([
      expect.stringContaining("boundaries.0.routes.0.match.authority: is"),
    ]);
  });

  it("takes the share of new traces that is recorded, for a boundary and for a route", () => {
    const routes = "sampling: { ratio: 0.1 }\n    routes:\n      - { upstream: gateway, sampling: { ratio: 1 } }";
    const text = MINIMAL.replace("routes:\n      - upstream: gateway", routes);
    expect(findings(text)).toEqual([]);
    expect(findings(text.replace("ratio: 0.1", "ratio: 1.1"))).toEqual([
      expect.stringContaining("boundaries.0.sampling.ratio: "),
    ]);
    expect(findings(text.replace("{ ratio: 1 }", "{ ratio: -1 }"))).toEqual([
      expect.stringContaining("boundaries.0.routes.0.sampling.ratio: "),
    ]);
  });

  it("takes the parameters of queries that spans may show", () => {
    const text = MINIMAL.replace("routes:", "query: [page]\n    routes:");
    expect(findings(text)).toEqual([]);
    expect(findings(text.replace("[page]", '["page=1"]'))).toEqual([
      expect.stringContaining("boundaries.0.query.0: must be the name of a parameter"),
    ]);
  });

  it("takes endpoints as a list, with weights, or as a service of Kubernetes", () => {
    const url = 'url: "http://10.0.0.1:9000"';
    const withEndpoints = (endpoints: string) => MINIMAL.replace(url, `${url}, endpoints: ${endpoints}`);
    expect(findings(withEndpoints("[10.0.0.1:443, { address: 10.0.0.2:443, weight: 3 }]"))).toEqual([]);
    expect(findings(withEndpoints("{ kubernetes: { service: gw, port: https, token_file: t } }"))).toEqual([]);
    expect(findings(withEndpoints("[{ address: 10.0.0.2:443, weight: 0 }]"))).toHaveLength(1);
    expect(findings(withEndpoints("[10.0.0.2]"))).toEqual([expect.stringContaining("upstreams.gateway.endpoints: is")]);
    expect(findings(withEndpoints("{ kubernetes: { namespace: eu } }"))).toHaveLength(1);
  });

  it("says which address of a load balancer is none", () => {
    const text = MINIMAL.replace(
      "listen: 127.0.0.1:8080",
      "listen: 127.0.0.1:8080\n    proxy_protocol: { trusted: [10.0.0.0/8, 10.0.0.0/33] }",
    );
    expect(findings(text)).toEqual([
      expect.stringMatching(/^tracemend\.yaml:7:23: boundaries\.0\.proxy_protocol\.trusted: is "10\.0\.0\.0\/33"/),
    ]);
    expect(findings(text.replace(", 10.0.0.0/33", ""))).toEqual([]);
  });

  it("says what is wrong with what other proxies are told, and who is asked for a certificate", () => {
    const withLine = (line: string): string[] =>
      findings(MINIMAL.replace("listen: 127.0.0.1:8080", `listen: 127.0.0.1:8080\n    ${line}`));
    expect(withLine("forwarding: { via: edge, trusted: [10.0.0.0/99] }")).toEqual([
      expect.stringMatching(/^tracemend\.yaml:7:30: boundaries\.0\.forwarding\.trusted: is "10\.0\.0\.0\/99"/),
    ]);
    expect(withLine("tls: { cert_file: a.pem, key_file: a.key, client_auth: optional }")).toEqual([
      "tracemend.yaml:7:47: boundaries.0.tls.client_auth: must be absent where client_ca_file is",
    ]);
    expect(
      withLine("tls: { cert_file: a.pem, key_file: a.key, client_ca_file: b.pem, client_auth: optional }"),
    ).toEqual([]);
  });

  it("says once what is wrong with an upstream that two boundaries name", () => {
    const two = MINIMAL.replace(
      "upstreams:",
      "  - { name: in, side: ingress, listen: 127.0.0.1:8081, routes: [{ upstream: gateway }] }\nupstreams:",
    ).replace(':9000"', ':9000", retry: { tries: 99 }');
    expect(findings(two)).toEqual([expect.stringMatching(/: upstreams\.gateway\.retry\.tries: is 99/)]);
  });

  it("refuses to drain for longer than a timer counts", () => {
    expect(findings(`${MINIMAL}shutdown: { drain_ms: 5000000000 }\n`)).toEqual([
      expect.stringMatching(/: shutdown\.drain_ms: must be at most 2147483647/),
    ]);
  });

  it("says what contradicts itself in a policy, and where", () => {
    const strip = "listen: 127.0.0.1:8080\n    policy: { strip: true, carrier: { send: true } }";
    expect(findings(MINIMAL.replace("listen: 127.0.0.1:8080", strip))).toEqual([
      expect.stringMatching(/^tracemend\.yaml:7:39: boundaries\.0\.policy\.carrier\.send: is true/),
    ]);
    const other = "listen: 127.0.0.1:8080\n    policy: { upstreams: { gatevay: { strip: true } } }";
    expect(findings(MINIMAL.replace("listen: 127.0.0.1:8080", other))).toEqual([
      expect.stringContaining('boundaries.0.policy.upstreams.gatevay: there is no upstream "gatevay"'),
    ]);
  });

  it("names the line of text that is no YAML", () => {
    expect(findings("cluster: [eu-1\nboundaries: []")[0]).toMatch(/^tracemend\.yaml:2:1: /);
  });

  it("takes environment variables with and without a default, and names the ones that are missing", () => {
    const text = MINIMAL.replace("8080", "${env:PORT}").replace("egress", "${env:SIDE:-ingress}");
    expect(parseConfig("f", text, { PORT: "7000" }).boundaries[0]).toMatchObject({
      side: "ingress",
      listen: { port: 7000 },
    });
    expect(findings(text)).toEqual([
      "tracemend.yaml:6:5: boundaries.0.listen: environment variable PORT is not set and has no default; ${env:PORT:-…} gives it one",
    ]);
  });

  it("refuses two boundaries of one name and receivers that have nowhere to send to", () => {
    const again = MINIMAL.replace("upstreams:", MINIMAL.split("\n").slice(3, 8).join("\n") + "\nupstreams:");
    expect(findings(again)).toEqual([expect.stringContaining("boundaries.1.name: out is taken")]);
    const twice =
      "- { name: r, upstream: gateway }\n      - { upstream: gateway }\n      - { name: r, upstream: gateway }";
    expect(findings(MINIMAL.replace("- upstream: gateway", twice))).toEqual([
      "tracemend.yaml:10:11: boundaries.0.routes.2.name: r is taken",
    ]);
    expect(findings(`${MINIMAL}receivers: { otlp_grpc: { listen: ":4317" } }\n`)).toEqual([
      "tracemend.yaml:11:1: receivers: OTLP is received but there are no destinations to send it to",
    ]);
  });
});
