/** The manifest of `examples/kubernetes`: its configuration runs, and the rest of it says the same. */
import { dirname, join } from "node:path";
import { fieldValue } from "@tracemend/context";
import { parseConfig } from "tracemend";
import { expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { startCollector } from "../support/collector.ts";
import { closeAtEnd } from "../support/close-at-end.ts";
import { openFolder, openProgram } from "../support/opened.ts";
import { ledgerUntil, post, spanOf, tracesOf, untilReachable } from "../support/otlp-client.ts";
import { startUpstream } from "../support/upstream.ts";
import { read } from "../support/workspace.ts";

interface ConfigMap {
  readonly metadata: { readonly name: string };
  readonly data: Readonly<Record<string, string>>;
}

interface Variable {
  readonly name: string;
  readonly value?: string;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Sidecar {
  readonly args: readonly string[];
  readonly env: readonly Variable[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Pod {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly terminationGracePeriodSeconds: number;
    readonly initContainers: readonly [Sidecar];
    readonly containers: readonly [{ readonly env: readonly Variable[] }];
    readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
  };
}

interface Service {
  readonly spec: { readonly ports: readonly { readonly targetPort: string }[] };
}

const [configMap, deployment, service] = parseAllDocuments(read("examples/kubernetes/sidecar.yaml")).map((document) =>
  document.toJS(),
) as [ConfigMap, { readonly spec: { readonly template: Pod } }, Service];
const text = configMap.data["tracemend.yaml"] ?? "";
const pod = deployment.spec.template;
const [sidecar] = pod.spec.initContainers;
const [app] = pod.spec.containers;
const config = parseConfig("tracemend.yaml", text, valuesOf(sidecar.env));

function valuesOf(env: readonly Variable[]): Record<string, string> {
  return Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
}

it("the manifest's ports, probes, paths and times are those of its configuration", () => {
  const [ingress, egress] = config.boundaries;
  const ports = Object.fromEntries(sidecar.ports.map(({ name, containerPort }) => [name, containerPort]));
  expect(ports).toEqual({ http: ingress?.listen.port, admin: config.admin.listen.port });
  expect(service.spec.ports.map(({ targetPort }) => targetPort)).toEqual(["http"]);
  expect(pod.metadata.annotations["prometheus.io/port"]).toBe(String(ports["admin"]));
  const probes = [sidecar.startupProbe, sidecar.readinessProbe, sidecar.livenessProbe];
  expect(probes.map(({ httpGet }) => `${httpGet.port}${httpGet.path}`)).toEqual([
    "admin/readyz",
    "admin/readyz",
    "admin/healthz",
  ]);
  const told = valuesOf(app.env);
  expect(told["ABROAD_URL"]).toBe(`http://127.0.0.1:${egress?.listen.port}`);
  expect(told["OTEL_EXPORTER_OTLP_ENDPOINT"]).toBe(`http://127.0.0.1:${config.receivers.otlp_http?.listen.port}`);
  expect(config.upstreams["catalogue"]?.url).toBe(`http://127.0.0.1:${told["PORT"]}`);
  const { drain_ms, flush_ms } = config.shutdown;
  const endMs = sidecar.lifecycle.preStop.sleep.seconds * 1000 + drain_ms + flush_ms;
  expect(pod.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(endMs);

  const mounts = Object.fromEntries(sidecar.volumeMounts.map(({ name, mountPath }) => [name, mountPath]));
  expect(sidecar.args.slice(0, 2)).toEqual(["run", "--config"]);
  expect(dirname(sidecar.args[2] ?? "")).toBe(mounts["config"]);
  expect(pod.spec.volumes.find(({ name }) => name === "config")?.configMap).toEqual({ name: configMap.metadata.name });
  const { agent } = parse(text).destinations as { agent: { queue: { storage: { folder: string } } } };
  expect(agent.queue.storage.folder).toBe(mounts["spool"]);
});

it("the sidecar's configuration carries requests both ways and takes the service's spans", async () => {
  const catalogue = await startUpstream();
  closeAtEnd(() => catalogue.close());
  const gateway = await startUpstream();
  closeAtEnd(() => gateway.close());
  const collector = await startCollector();
  closeAtEnd(() => collector.close());
  const here = [
    ["http://127.0.0.1:8080", catalogue.url],
    ["https://us-1.gateway.example:443", gateway.url],
    ["http://otel-agent.observability:4317", `http://127.0.0.1:${collector.port}`],
    ["/var/lib/tracemend", join(openFolder(), "spool")],
    ["${env:K8S_CLUSTER_NAME}", "eu-1"],
  ] as const;
  for (const [there] of here) expect(text).toContain(there);
  const moved = here.reduce((all, [there, local]) => all.replaceAll(there, local), text);
  const program = await openProgram(moved.replaceAll(/(listen: (?:0\.0\.0\.0|127\.0\.0\.1)):\d+/g, "$1:0"));
  await untilReachable(program, "agent");
  for (const path of ["/healthz", "/readyz"]) expect((await program.page(path)).status).toBe(200);

  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
  for (const boundary of ["eu-1-ingress", "eu-1-egress"])
    expect((await fetch(program.url(`boundary ${boundary}`), { headers })).status).toBe(200);
  const left = fieldValue(gateway.heads[0] ?? [], "x-tracemend-context");
  expect(left).toMatch(new RegExp(`^tm1\\.${traceId}\\.`));

  // Another request, behind a gateway that lets nothing but the carrier through.
  await fetch(program.url("boundary eu-1-ingress"), { headers: { "x-tracemend-context": left ?? "" } });
  expect(catalogue.lastTraceparents()[0]).toMatch(new RegExp(`^00-${traceId}-`));

  await post(program, "traces", tracesOf("catalogue", [spanOf(1, 1)]));
  await collector.until((spans) => spans.length === 7);
  await ledgerUntil(program, "agent", "traces", ({ exported }) => exported === 7);
  expect(new Set(collector.spans.map((span) => span.service))).toEqual(new Set(["tracemend", "catalogue"]));
});
