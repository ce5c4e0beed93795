/** The one page: proxies, pipeline and diagnosis, wired; and the order in which they start and end. */
import { randomFillSync } from "node:crypto";
import { availableParallelism, hostname } from "node:os";
import { isDeepStrictEqual } from "node:util";
import type { Observer } from "@tracemend/context";
import { createIds, tellAll } from "@tracemend/context";
import { PAGE_FILES, PAGE_POLICY } from "@tracemend/dashboard";
import { createDiagnosis } from "@tracemend/diagnosis";
import type { Receiver, Reception } from "@tracemend/pipeline";
import { createGrpcReceiver, createHttpReceiver, createPipeline, pipeline as joined } from "@tracemend/pipeline";
import type { Passed } from "@tracemend/proxy";
import { formatEndpoint, systemClock } from "@tracemend/proxy";
import { createAccessLog } from "./access-log.ts";
import type { Admin, AdminPages } from "./admin.ts";
import { createAdmin, jsonAnswer } from "./admin.ts";
import { createBoundaries } from "./boundaries.ts";
import { telemetryOf } from "./config-telemetry.ts";
import type { Config } from "./config.ts";
import { createCrossingIntake } from "./crossing-intake.ts";
import { ConfigError } from "./config-file.ts";
import { createEndpointWatch } from "./endpoints.ts";
import { createFindings } from "./findings.ts";
import { openAt } from "./listening.ts";
import type { Logger } from "./log.ts";
import { METRICS_TYPE } from "./metrics.ts";
import { createCrossingCounters } from "./metrics-crossings.ts";
import { metricsText } from "./metrics-page.ts";
import { attributesOf, corsOf, destinationsOf, diagnosisOf, repairOf } from "./options.ts";
import { standardOutput } from "./output.ts";
import { pemFilesIn, serverTlsOf } from "./pem.ts";
import { createPipelineLog } from "./pipeline-log.ts";
import { createReceptions } from "./receptions.ts";
import { createRenewal } from "./renewal.ts";
import { redactCrossings } from "./shown.ts";
import { createRepairs } from "./repairs.ts";
import { createSpanSource, pairBytes } from "./span-source.ts";
import { VERSION } from "./version.ts";
import type { Crew } from "./workers/crew.ts";
import { createCrew } from "./workers/crew.ts";

export interface Program {
  /** Where each listener really listens, by its name: `boundary <name>`, `otlp grpc`, `otlp http`, `admin`. */
  readonly addresses: ReadonlyMap<string, string>;
  /**
   * Other boundaries, routes, upstreams, policies and certificates, without a failed request. Rejects with a
   * `ConfigError` where the configuration cannot be, or differs in what only a restart can change; then nothing changes.
   */
  reload(config: Config): Promise<void>;
  /** Takes no more requests, finishes what is open, sends what is queued; each for as long as the configuration says. */
  close(): Promise<void>;
}

/** What can differ in a configuration that is taken while the program runs. */
const CHANGEABLE: ReadonlySet<string> = new Set(["boundaries", "upstreams", "shutdown", "folder"]);

export async function createProgram(first: Config, log: Logger): Promise<Program> {
  let config = first;
  const output = standardOutput();
  const attributes = attributesOf(config);
  const resource = {
    "service.name": config.service_name,
    "service.instance.id": `${hostname()}-${process.pid}`,
    ...attributes,
  };
  const receivers: Receiver[] = [];
  const receptions = createReceptions(log, Date.now);
  let admin: Admin | undefined;
  const addresses = new Map<string, string>();
  const listening = (name: string, { host, port }: { host: string; port: number }): void => {
    const address = formatEndpoint(host, port);
    addresses.set(name, address);
    log.info({ listener: name, address }, "listening");
  };
  let ready = false;
  let crew: Crew | undefined;

  const counters = createCrossingCounters();
  const ids = createIds(randomFillSync);
  const diagnosis = createDiagnosis({
    now: Date.now,
    ...diagnosisOf(config),
    decided: (decision) => repairs.decided(decision),
  });
  const telemetry = telemetryOf(config.telemetry);
  const events = createPipelineLog(log, Date.now);
  const pipeline = createPipeline({
    ...telemetry,
    ...repairOf(config),
    attributes,
    destinations: destinationsOf(config),
    observe: (batch) => diagnosis.spans(batch),
    log(event) {
      events.tell(event);
      crew?.told(event);
    },
  });
  const { breaks, crossings, interval_ms: intervalMs } = config.diagnosis.send;
  const findings = createFindings({
    pipeline,
    resource,
    report: () => diagnosis.report(),
    send: { breaks, crossings, intervalMs },
    now: Date.now,
  });
  const repairs = createRepairs({ pipeline, ids, resource, version: VERSION });
  const ticking = setInterval(() => {
    diagnosis.tick();
    findings.tick();
    events.tick();
  }, 1000);
  const diagnosed = redactCrossings(telemetry.redact, diagnosis);
  const intake = createCrossingIntake({
    observer: tellAll([diagnosed]),
    forward: config.receivers.forward_crossings,
  });
  const { format } = config.access_log;
  const access = format === "off" ? [] : [createAccessLog(format, (lines) => output.write(lines))];
  const requests: Observer = {
    crossed({ verdict, path }) {
      if (verdict.context !== undefined) pipeline.requested(verdict.context.traceId, path);
    },
  };
  const observer = {
    ...tellAll([counters, diagnosed, findings, requests, ...access]),
    // A mirror answers to nobody: what it makes of a trace breaks no one's.
    mirrored(passed: Passed) {
      for (const one of [counters, ...access]) one.mirrored(passed);
    },
  };
  const lost = (service: string, reason: string): void => log.warn({ service, reason }, "endpoints not found");
  const count = config.workers === "auto" ? availableParallelism() : config.workers;
  if (count > 1) {
    const slotBytes = pairBytes(resource, VERSION);
    crew = createCrew({ count, pipeline, observer, lost, listening, log, resource, version: VERSION, slotBytes });
  }
  const spans = createSpanSource({ pipeline, ids, resource, version: VERSION });
  const boundaries = crew ?? createBoundaries({ spans, observer, watch: createEndpointWatch(lost), listening });

  const renewal = createRenewal({ boundaries, watch: config.certificates, clock: systemClock, log });

  /** Without a worker nobody takes a connection. */
  const serving = (): boolean => crew === undefined || crew.state().workers.length > 0;

  const stop = async (): Promise<void> => {
    ready = false;
    clearInterval(ticking);
    await renewal.close();
    const drained = AbortSignal.timeout(config.shutdown.drain_ms);
    await boundaries.close(drained);
    spans.flush();
    // After the requests: the services behind us export the last spans of what has just drained.
    await Promise.all(receivers.map((receiver) => receiver.close(drained)));
    await findings.close();
    await pipeline.close(AbortSignal.timeout(config.shutdown.flush_ms));
    events.flush();
    await admin?.close();
  };

  try {
    const {
      otlp_grpc: grpc,
      otlp_http: http,
      max_request_bytes: maxRequestBytes,
      bearer_tokens: tokens,
    } = config.receivers;
    const received = joined(intake.stage, pipeline);
    const limits = { maxRequestBytes, ...(tokens === undefined ? {} : { bearerTokens: tokens }) };
    const receive = async (name: string, create: typeof createGrpcReceiver, from: typeof grpc): Promise<void> => {
      if (from === undefined) return;
      const tls = serverTlsOf(pemFilesIn(config.folder), from.tls);
      const ended = (reception: Reception): void => receptions.ended(name, reception);
      const receiver = await openAt(`receivers.${name.replace(" ", "_")}.listen`, from.listen, () =>
        create({ ...from.listen, ...tls, ...limits, ended }, received),
      );
      receivers.push(receiver);
      listening(name, receiver.address);
    };
    await receive("otlp grpc", createGrpcReceiver, grpc);
    const cors = corsOf(config);
    await receive("otlp http", (options, sink) => createHttpReceiver({ ...options, ...cors }, sink), http);
    await renewal.apply(config);
    const adminPages: AdminPages = {
      "/healthz": () => jsonAnswer(200, { status: "alive" }),
      "/readyz": () =>
        ready && serving() ? jsonAnswer(200, { status: "ready" }) : jsonAnswer(503, { status: "not ready" }),
      "/metrics": () => ({
        status: 200,
        type: METRICS_TYPE,
        body: metricsText(
          { pipeline, diagnosis, counters, intake, receptions, boundaries, renewal, crew, findings, repairs, output },
          config.metrics,
        ),
      }),
      "/diagnostics/breaks": () => {
        diagnosis.tick();
        return jsonAnswer(200, diagnosis.report());
      },
      "/diagnostics/repairs": () => jsonAnswer(200, { counts: repairs.counts(), recent: repairs.recent() }),
      "/diagnostics/pipeline": () =>
        jsonAnswer(200, {
          cluster: config.cluster,
          version: VERSION,
          ready,
          destinations: pipeline.destinations(),
          ledger: pipeline.ledger(),
        }),
      ...(crew === undefined ? {} : { "/diagnostics/workers": () => jsonAnswer(200, crew?.state()) }),
      ...pages(),
    };
    const { listen } = config.admin;
    // Last to go: while the others drain it still says that the program is alive and not ready.
    admin = await openAt("admin.listen", listen, () => createAdmin(listen, adminPages));
    listening("admin", admin.address);
  } catch (error) {
    await stop();
    throw error;
  }
  ready = true;
  log.info({ cluster: config.cluster, version: VERSION }, "ready");
  return {
    addresses,
    async reload(next) {
      refuseRestarts(config, next);
      await renewal.apply(next);
      config = next;
      log.info("reloaded");
    },
    close: stop,
  };
}

function refuseRestarts(before: Config, next: Config): void {
  const fixed = Object.keys({ ...before, ...next }) as (keyof Config)[];
  const changed: string[] = fixed.filter((key) => !CHANGEABLE.has(key) && !isDeepStrictEqual(before[key], next[key]));
  for (const [name, { service = name }] of Object.entries(next.upstreams))
    if (service !== (before.upstreams[name]?.service ?? name)) changed.push(`upstreams.${name}.service`);
  if (changed.length > 0) throw new ConfigError(`${changed.join(", ")}: needs a restart to change`);
}

/** The diagnostics page for people: it draws the JSON pages beside it. */
function pages(): AdminPages {
  const files = Object.entries(PAGE_FILES);
  return Object.fromEntries(files.map(([path, file]) => [path, () => ({ status: 200, policy: PAGE_POLICY, ...file })]));
}
