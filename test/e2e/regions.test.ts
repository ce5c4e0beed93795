/** Two regions and the program between them: what may leave leaves redacted, what may not waits, nothing is lost. */
import { expect, it } from "vitest";
import { openFolder, openProgram, openSink } from "../support/opened.ts";
import {
  ledgerOf,
  ledgerUntil,
  logsOf,
  metricsOf,
  post,
  spanOf,
  stringAttribute,
  tracesOf,
  untilReachable,
} from "../support/otlp-client.ts";
import type { RecordingSink } from "../support/recording-sink.ts";

const SECRETS = ["alice@example.com", "customer-4711", "4111 1111 1111 1111"];

interface Region extends RecordingSink {
  /** Every body that arrived, whatever was answered. */
  readonly bodies: readonly Uint8Array[];
}

async function startRegion(): Promise<Region> {
  const sink = await openSink();
  const bodies: Uint8Array[] = [];
  sink.answer(({ bytes }) => {
    bodies.push(bytes);
    return { kind: "accept" };
  });
  return Object.assign(sink, { bodies });
}

function secretsIn({ bodies }: Region): string[] {
  const all = Buffer.concat(bodies);
  return SECRETS.filter((secret) => all.includes(secret));
}

const regions = `
  regions:
    home: eu
    residency: [{ signals: [traces], to: [us], after: anonymous }]
    redactions:
      anonymous: { patterns: [email, card], attributes: [{ keys: [user.*], action: hash }], hash_key: "0123456789abcdef0123456789abcdef" }
`;
const brief = "batch: { max_age_ms: 1 }, retry: { initial_interval_ms: 5, max_interval_ms: 10 }";
const around = `
cluster: eu-1
resource: { cloud.region: eu }
receivers: { otlp_http: { listen: "127.0.0.1:0" } }
admin: { listen: "127.0.0.1:0" }
`;

const spansWithSecrets = (count: number): Uint8Array =>
  tracesOf(
    "shop",
    Array.from({ length: count }, (_, index) =>
      spanOf(index + 1, index + 1, {
        name: `order of ${SECRETS[0]}`,
        attributes: [stringAttribute("user.id", SECRETS[1] ?? ""), stringAttribute("note", `paid ${SECRETS[2]}`)],
        status: { message: `no mail to ${SECRETS[0]}`, code: 2 },
        events: [{ name: `card ${SECRETS[2]}`, attributes: [stringAttribute("user.name", SECRETS[1] ?? "")] }],
      }),
    ),
  );

const agents = (home: Region, folder: string, failover: string): string => `${around}
telemetry: ${regions}
destinations:
  traces:
    { endpoint: "${home.grpcEndpoint}", region: eu, signals: [traces], ${brief}, ${failover}
      queue: { storage: { folder: ${folder}/traces, fsync: always } } }
  rest:
    { endpoint: "${home.httpEndpoint}", protocol: http/protobuf, region: eu, signals: [metrics, logs], ${brief},
      queue: { storage: { folder: ${folder}/rest, fsync: always } } }
`;

it("while the region's agent is gone traces fail over redacted, logs wait on disk, and nothing else leaves", async () => {
  const home = await startRegion();
  const abroad = await startRegion();
  const failover = `failover: { after_ms: 0, targets: [{ endpoint: "${abroad.httpEndpoint}", protocol: http/protobuf, region: us }] },`;
  const program = await openProgram(agents(home, openFolder(), failover));
  await untilReachable(program, "traces");
  expect((await post(program, "traces", spansWithSecrets(5))).status).toBe(200);
  await ledgerUntil(program, "traces", "traces", ({ exported }) => exported === 5);
  expect(abroad.attempts).toBe(0);
  expect(secretsIn(home)).toEqual(SECRETS);

  await home.stop();
  await untilReachable(program, "rest", false);
  expect((await post(program, "logs", logsOf(SECRETS))).status).toBe(200);
  expect((await post(program, "metrics", metricsOf(4))).status).toBe(200);
  for (let round = 0; round < 20; round++)
    expect((await post(program, "traces", spansWithSecrets(10))).status).toBe(200);
  await ledgerUntil(program, "traces", "traces", ({ exported }) => exported === 205);
  const waiting = await ledgerUntil(program, "rest", "logs", ({ received }) => received === 3);
  expect(waiting).toMatchObject({ exported: 0 });

  await home.start();
  await ledgerUntil(program, "rest", "logs", ({ exported }) => exported === 3);
  await ledgerUntil(program, "rest", "metrics", ({ exported }) => exported === 4);
  // The agent is back; failing over ends with the next look at it, and until then traces still go abroad.
  let more = 0;
  const at = home.items("traces");
  while (home.items("traces") === at) {
    more += 1;
    expect((await post(program, "traces", spansWithSecrets(1))).status).toBe(200);
    await ledgerUntil(program, "traces", "traces", ({ exported }) => exported === 205 + more);
  }
  const before = abroad.attempts;
  expect((await post(program, "traces", spansWithSecrets(7))).status).toBe(200);
  await ledgerUntil(program, "traces", "traces", ({ exported }) => exported === 212 + more);
  await program.stop();

  expect(abroad.attempts).toBe(before);
  expect(home.items("traces") + abroad.items("traces")).toBe(212 + more);
  expect(home.items("logs")).toBe(3);
  expect(abroad.received.map(({ signal }) => signal).filter((signal) => signal !== "traces")).toEqual([]);
  expect(abroad.items("traces")).toBeGreaterThanOrEqual(200 - home.items("traces"));
  expect(secretsIn(abroad)).toEqual([]);
  expect(Buffer.concat(abroad.bodies).includes("hmac-sha256:")).toBe(true);
});

it("what may not leave its region outlives a kill while it waits, and arrives at home only", async () => {
  const home = await startRegion();
  const abroad = await startRegion();
  await home.stop();
  const folder = openFolder();
  const config = `${agents(home, folder, "")}
  abroad: { endpoint: "${abroad.grpcEndpoint}", region: us, ${brief} }
`;
  const first = await openProgram(config);
  expect((await post(first, "traces", spansWithSecrets(6))).status).toBe(200);
  expect((await post(first, "logs", logsOf(SECRETS))).status).toBe(200);
  await ledgerUntil(first, "abroad", "traces", ({ exported }) => exported === 6);
  const rows = await ledgerOf(first);
  expect(rows.filter(({ destination }) => destination === "abroad").map(({ signal }) => signal)).toEqual(["traces"]);
  first.signal("SIGKILL");
  await first.ended;

  const second = await openProgram(config);
  await home.start();
  await ledgerUntil(second, "traces", "traces", ({ recovered, exported }) => recovered === 6 && exported === 6);
  await ledgerUntil(second, "rest", "logs", ({ recovered, exported }) => recovered === 3 && exported === 3);
  await second.stop();
  expect(secretsIn(home)).toEqual(SECRETS);
  expect(secretsIn(abroad)).toEqual([]);
  expect(abroad.items("traces")).toBe(6);
  expect(abroad.items("logs")).toBe(0);
});

it("metrics and logs stay with the cluster's agent, traces go to the tier in the middle", async () => {
  const agent = await startRegion();
  const central = await startRegion();
  const program = await openProgram(`${around}
telemetry: ${regions.replace("[us]", "[central]")}
destinations:
  agent: { endpoint: "${agent.grpcEndpoint}", region: eu, signals: [metrics, logs], ${brief} }
  central: { endpoint: "${central.grpcEndpoint}", region: central, signals: [traces], ${brief} }
`);
  await post(program, "traces", spansWithSecrets(3));
  await post(program, "logs", logsOf(SECRETS));
  await post(program, "metrics", metricsOf(2));
  await ledgerUntil(program, "central", "traces", ({ exported }) => exported === 3);
  await ledgerUntil(program, "agent", "logs", ({ exported }) => exported === 3);
  await ledgerUntil(program, "agent", "metrics", ({ exported }) => exported === 2);
  expect(new Set(agent.received.map(({ signal }) => signal))).toEqual(new Set(["metrics", "logs"]));
  expect(new Set(central.received.map(({ signal }) => signal))).toEqual(new Set(["traces"]));
  expect(secretsIn(central)).toEqual([]);
});
