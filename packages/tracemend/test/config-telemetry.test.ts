import { createPipeline } from "@tracemend/pipeline";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../src/config.ts";
import { telemetryOf } from "../src/config-telemetry.ts";
import { attributesOf, destinationsOf } from "../src/options.ts";

const TEXT = `
cluster: eu-1
resource: { k8s.cluster.name: eu-1 }
telemetry:
  memory_limit_bytes: 1000000000
  filter: { rules: [{ name: probes, span_names: ["GET /healthz"], attributes: { some_key: yes } }] }
  redact: { attributes: [{ keys: ["user.*"], action: hash }], patterns: [email], hash_key: "\${env:KEY}" }
  routes: [{ signals: [traces], share: 0.5, destinations: [central] }]
destinations:
  central:
    endpoint: http://127.0.0.1:4317
    timeout_ms: 700
    queue: { max_bytes: 2000000, storage: { folder: spool, fsync: { interval_ms: 100 }, max_bytes: 1000000 } }
    balance: { resolver: { kind: static, peers: ["127.0.0.1", "127.0.0.2"] }, ejection: { base_ms: 5 } }
  local: { endpoint: http://127.0.0.1:4318, protocol: http/protobuf, signals: [metrics] }
`;
const KEY = "k".repeat(32);

describe("the telemetry section of the configuration", () => {
  it("reaches the options of the pipeline under their own names, attribute keys untouched", () => {
    const config = parseConfig("/etc/tracemend/tracemend.yaml", TEXT, { KEY });
    expect(telemetryOf(config.telemetry)).toEqual({
      memory: { maxBytes: 1_000_000_000 },
      filter: { rules: [{ name: "probes", spanNames: ["GET /healthz"], attributes: { some_key: "yes" } }] },
      redact: { attributes: [{ keys: ["user.*"], action: "hash" }], patterns: ["email"], hashKey: KEY },
      routes: [{ signals: ["traces"], share: 0.5, destinations: ["central"] }],
    });
    expect(destinationsOf(config)[0]).toMatchObject({
      name: "central",
      timeoutMs: 700,
      queue: {
        maxBytes: 2_000_000,
        storage: { folder: "/etc/tracemend/spool", fsync: { intervalMs: 100 }, maxBytes: 1_000_000 },
      },
      balance: { resolver: { kind: "static", peers: ["127.0.0.1", "127.0.0.2"] }, ejection: { baseMs: 5 } },
    });
  });

  it("leaves the pipeline's own defaults where nothing is said", async () => {
    const config = parseConfig("f", "cluster: eu-1\ndestinations: { a: { endpoint: 'http://127.0.0.1:1' } }", {});
    expect(telemetryOf(config.telemetry)).toEqual({ routes: [] });
    expect(destinationsOf(config)).toEqual([
      { name: "a", endpoint: "http://127.0.0.1:1", protocol: "grpc", headers: {} },
    ]);
    const pipeline = createPipeline({ ...telemetryOf(config.telemetry), destinations: destinationsOf(config) });
    await pipeline.close(AbortSignal.abort());
    expect(attributesOf(config)).toEqual({});
  });

  it("asks only the detectors that are named, and what is configured wins", () => {
    const text = "cluster: eu-1\nresource: { host.name: mine }\ntelemetry: { detect: [host] }";
    expect(attributesOf(parseConfig("f", text, {}))).toMatchObject({
      "host.name": "mine",
      "os.type": expect.any(String),
    });
  });

  it("says which destination a route names in vain", () => {
    const text = "cluster: eu-1\ntelemetry: { routes: [{ destinations: [nowhere] }] }";
    expect(() => parseConfig("f", text, {})).toThrow(
      /^f:2:40: telemetry\.routes\.0\.destinations\.0: there is no destination "nowhere"$/,
    );
  });

  it("turns patterns of one's own into expressions", () => {
    const { telemetry } = parseConfig(
      "f",
      `cluster: eu-1
telemetry: { redact: { patterns: [{ regex: 'ticket-\\d+', requires: "-", action: mask }, { regex: 'user:\\w+' }] } }`,
      {},
    );
    expect(telemetryOf(telemetry).redact?.patterns).toEqual([
      { pattern: /ticket-\d+/u, requires: "-", action: "mask" },
      { pattern: /user:\w+/u },
    ]);
  });

  it("turns regions and failover into options, redactions into stages", () => {
    const text = `
cluster: eu-1
telemetry:
  regions:
    home: eu
    residency: [{ signals: [traces], to: [us], after: hashed }, { signals: [metrics], to: any }]
    redactions: { hashed: { attributes: [{ keys: [user.id], action: hash }] } }
destinations:
  agent:
    endpoint: http://127.0.0.1:4317
    region: eu
    signals: [traces]
    failover: { targets: [{ endpoint: http://127.0.0.1:4318, protocol: http/protobuf, region: us, headers: { x_key: "1" } }] }
`;
    const config = parseConfig("f", text, {});
    expect(telemetryOf(config.telemetry).regions).toEqual({
      home: "eu",
      residency: [
        { signals: ["traces"], to: ["us"], after: "hashed" },
        { signals: ["metrics"], to: "any" },
      ],
      redactions: { hashed: expect.any(Function) },
    });
    const target = { endpoint: "http://127.0.0.1:4318", protocol: "http/protobuf", region: "us" };
    expect(destinationsOf(config)[0]).toMatchObject({
      region: "eu",
      failover: { targets: [{ ...target, headers: { x_key: "1" } }] },
    });
  });

  const residency = "telemetry: { regions: { home: eu, residency: [{ signals: [traces], to: [us] }] } }\n";
  it.each([
    ["resource: { request.id: abc }", "f:2:1: resource: attributes: request.id cannot be stamped"],
    ["telemetry: { filter: { rules: [{ name: x }] } }", "f:2:24: telemetry.filter.rules: filter rule"],
    [
      "telemetry: { redact: { patterns: [{ regex: '(' }] } }",
      "f:2:37: telemetry.redact.patterns.0.regex: is no regular expression: Unterminated group",
    ],
    [
      "telemetry: { redact: { patterns: [{ regex: 'a*' }] } }",
      "f:2:37: telemetry.redact.patterns.0.regex: must not match an empty text",
    ],
    [
      "telemetry: { redact: { patterns: [{ pattern: 'ticket-[0-9]+' }] } }",
      'f:2:37: telemetry.redact.patterns.0.pattern: must be one of "email"',
    ],
    ["telemetry: { redact: { hash_key: short } }", "f:2:14: telemetry.redact: redact option hashKey"],
    [
      "telemetry: { regions: { home: eu, residency: [{ signals: [logs], to: any, after: x }] } }",
      "f:2:75: telemetry.regions.residency.0.after: must name one of redactions",
    ],
    [
      "telemetry: { regions: { home: eu, residency: [{ signals: [profiles], to: any, after: x }] } }",
      "f:2:79: telemetry.regions.residency.0.after: profiles cannot be redacted",
    ],
    [`${residency}destinations: { a: { endpoint: "http://a" } }`, "f:3:17: destinations.a.region: must be told"],
    [
      `${residency}destinations: { a: { endpoint: "http://a", region: us, signals: [traces, logs] } }`,
      "f:3:56: destinations.a.signals: logs may not leave eu for us",
    ],
    [
      `${residency}destinations: { a: { endpoint: "http://a", region: eu, signals: [logs],
        failover: { targets: [{ endpoint: "http://b", region: us }] } } }`,
      "f:4:55: destinations.a.failover.targets.0.region: logs may not leave eu for us",
    ],
    [
      `telemetry:
  regions: { home: eu, residency: [{ signals: [traces], to: [us] }] }
  routes: [{ signals: [logs], destinations: [a] }]
destinations: { a: { endpoint: "http://a", region: us } }`,
      "f:4:46: telemetry.routes.0.destinations.0: a must not get logs, which may not leave eu for us",
    ],
  ])("says with line and key what is wrong with %s", (more, message) => {
    expect(() => parseConfig("f", `cluster: eu-1\n${more}`, {})).toThrow(message);
  });
});
