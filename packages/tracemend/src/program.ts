/** The one page: proxies, pipeline and diagnosis, wired; and the order in which they start and end. */
import { randomFillSync } from "node:crypto";
import { hostname } from "node:os";
import { createIds, defineBoundary, tellAll } from "@tracemend/context";
import { PAGE_FILES, PAGE_POLICY } from "@tracemend/dashboard";
import type { Diagnosis } from "@tracemend/diagnosis";
import { createDiagnosis } from "@tracemend/diagnosis";
import type { Pipeline, Receiver } from "@tracemend/pipeline";
import { createGrpcReceiver, createHttpReceiver, createPipeline } from "@tracemend/pipeline";
import type { Proxy } from "@tracemend/proxy";
import { createProxy } from "@tracemend/proxy";
import type { Admin, AdminPages } from "./admin.ts";
import { createAdmin, jsonAnswer } from "./admin.ts";
import type { Config } from "./config.ts";
import { policyOf } from "./config-policy.ts";
import type { Logger } from "./log.ts";
import {
  METRICS_TYPE,
  createCrossingCounters,
  createMetricsText,
  writeBreaks,
  writeDestinations,
  writeLedger,
  writePipeline,
} from "./metrics.ts";
import { destinationsOf, diagnosisOf, routesOf, tlsOf } from "./options.ts";
import { createSpanSource } from "./span-source.ts";
import { VERSION } from "./version.ts";

export interface Program {
  /** Where each listener really listens, by its name: `boundary <name>`, `otlp grpc`, `otlp http`, `admin`. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Takes no more requests, finishes what is open, sends what is queued; each for as long as the configuration says. */
  close(): Promise<void>;
}

export async function createProgram(config: Config, log: Logger): Promise<Program> {
  const resource = {
    "service.name": config.service_name,
    "service.instance.id": `${hostname()}-${process.pid}`,
    ...config.resource,
  };
  const receivers: Receiver[] = [];
  const proxies: Proxy[] = [];
  let admin: Admin | undefined;
  const addresses = new Map<string, string>();
  const listening = (name: string, { host, port }: { host: string; port: number }): void => {
    addresses.set(name, `${host}:${port}`);
    log.info({ listener: name, address: `${host}:${port}` }, "listening");
  };
  let ready = false;

  const counters = createCrossingCounters();
  const diagnosis = createDiagnosis({ now: Date.now, ...diagnosisOf(config) });
  const ticking = setInterval(() => diagnosis.tick(), 1000);
  const pipeline = createPipeline({
    attributes: config.resource,
    destinations: destinationsOf(config),
    observe: (batch) => diagnosis.spans(batch),
    log: (event) => log.warn(event, "pipeline"),
  });
  const spans = createSpanSource({ pipeline, ids: createIds(randomFillSync), resource, version: VERSION });
  const observer = tellAll([counters, diagnosis]);

  const stop = async (): Promise<void> => {
    ready = false;
    clearInterval(ticking);
    const drained = AbortSignal.timeout(config.shutdown.drain_ms);
    await Promise.all(proxies.map((proxy) => proxy.close(drained)));
    // After the requests: the services behind us export the last spans of what has just drained.
    await Promise.all(receivers.map((receiver) => receiver.close(drained)));
    await pipeline.close(AbortSignal.timeout(config.shutdown.flush_ms));
    await admin?.close();
  };

  try {
    const { otlp_grpc: grpc, otlp_http: http, max_request_bytes: maxRequestBytes } = config.receivers;
    const receive = async (name: string, create: typeof createGrpcReceiver, from: typeof grpc): Promise<void> => {
      if (from === undefined) return;
      const receiver = await create({ ...from.listen, ...tlsOf(config, from.tls), maxRequestBytes }, pipeline);
      receivers.push(receiver);
      listening(name, receiver.address);
    };
    await receive("otlp grpc", createGrpcReceiver, grpc);
    await receive("otlp http", createHttpReceiver, http);
    for (const options of config.boundaries) {
      const proxy = await createProxy({
        boundary: defineBoundary({ ...options, cluster: config.cluster, policy: policyOf(options.policy) }),
        listen: { ...options.listen, ...tlsOf(config, options.tls) },
        routes: routesOf(config, options.routes),
        spans,
        observer,
      });
      proxies.push(proxy);
      listening(`boundary ${options.name}`, proxy.address);
    }
    // Last to go: while the others drain it still says that the program is alive and not ready.
    admin = await createAdmin(config.admin.listen, {
      "/healthz": () => jsonAnswer(200, { status: "alive" }),
      "/readyz": () => (ready ? jsonAnswer(200, { status: "ready" }) : jsonAnswer(503, { status: "not ready" })),
      "/metrics": () => ({ status: 200, type: METRICS_TYPE, body: metricsText(pipeline, diagnosis, counters) }),
      "/diagnostics/breaks": () => {
        diagnosis.tick();
        return jsonAnswer(200, diagnosis.report());
      },
      "/diagnostics/pipeline": () =>
        jsonAnswer(200, {
          cluster: config.cluster,
          version: VERSION,
          ready,
          destinations: pipeline.destinations(),
          ledger: pipeline.ledger(),
        }),
      ...pages(),
    });
    listening("admin", admin.address);
  } catch (error) {
    await stop();
    throw error;
  }
  ready = true;
  log.info({ cluster: config.cluster, version: VERSION }, "ready");
  return { addresses, close: stop };
}

/** The diagnostics page for people: it draws the two JSON pages beside it. */
function pages(): AdminPages {
  const files = Object.entries(PAGE_FILES);
  return Object.fromEntries(files.map(([path, file]) => [path, () => ({ status: 200, policy: PAGE_POLICY, ...file })]));
}

function metricsText(
  pipeline: Pipeline,
  diagnosis: Diagnosis,
  counters: ReturnType<typeof createCrossingCounters>,
): string {
  const text = createMetricsText();
  counters.write(text);
  writeLedger(text, pipeline.ledger());
  writeDestinations(text, pipeline.destinations());
  writePipeline(text, pipeline.counters());
  writeBreaks(text, diagnosis.report());
  return text.toString();
}
