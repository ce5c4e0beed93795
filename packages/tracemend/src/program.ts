/** The one page: proxies, pipeline and diagnosis, wired; and the order in which they start and end. */
import { randomFillSync } from "node:crypto";
import { hostname } from "node:os";
import { createIds, defineBoundary, tellAll } from "@tracemend/context";
import type { Diagnosis } from "@tracemend/diagnosis";
import { createDiagnosis } from "@tracemend/diagnosis";
import type { Pipeline, Receiver } from "@tracemend/pipeline";
import { createGrpcReceiver, createHttpReceiver, createPipeline } from "@tracemend/pipeline";
import type { Proxy } from "@tracemend/proxy";
import { createProxy } from "@tracemend/proxy";
import type { Admin } from "./admin.ts";
import { createAdmin, jsonAnswer } from "./admin.ts";
import type { Config } from "./config.ts";
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
import { routesOf, destinationsOf, tlsOf } from "./options.ts";
import { createSpanSource } from "./span-source.ts";
import { VERSION } from "./version.ts";

export interface Program {
  /** Where each listener really listens, by its name: `boundary <name>`, `otlp grpc`, `otlp http`, `admin`. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Stops taking requests, finishes what is open, sends what is queued; then, at the grace period's end, cuts. */
  close(): Promise<void>;
}

export async function createProgram(config: Config, log: Logger): Promise<Program> {
  const resource = {
    "service.name": config.service_name,
    "service.instance.id": `${hostname()}-${process.pid}`,
    ...config.resource,
  };
  const closing: ((signal: AbortSignal) => Promise<void>)[] = [];
  const addresses = new Map<string, string>();
  const listening = (name: string, { host, port }: { host: string; port: number }): void => {
    addresses.set(name, `${host}:${port}`);
    log.info({ listener: name, address: `${host}:${port}` }, "listening");
  };
  let ready = false;

  const counters = createCrossingCounters();
  const diagnosis = createDiagnosis({ now: Date.now, upstreamServices: servicesOf(config) });
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
    const signal = AbortSignal.timeout(config.shutdown.grace_ms);
    for (const close of closing.toReversed()) await close(signal);
    await pipeline.close(signal);
  };

  try {
    for (const receiver of await createReceivers(config, pipeline)) {
      closing.push((signal) => receiver.receiver.close(signal));
      listening(receiver.name, receiver.receiver.address);
    }
    for (const options of config.boundaries) {
      const proxy: Proxy = await createProxy({
        boundary: defineBoundary({ ...options, cluster: config.cluster, policy: policyOf(options) }),
        listen: { ...options.listen, ...tlsOf(config, options.tls) },
        routes: routesOf(config, options.routes),
        ...(Object.keys(config.destinations).length === 0 ? {} : { spans }),
        observer,
      });
      closing.push((signal) => proxy.close(signal));
      listening(`boundary ${options.name}`, proxy.address);
    }
    const admin = await createAdmin(config.admin.listen, {
      "/healthz": () => jsonAnswer(200, { status: "alive" }),
      "/readyz": () => (ready ? jsonAnswer(200, { status: "ready" }) : jsonAnswer(503, { status: "not ready" })),
      "/metrics": () => ({ status: 200, type: METRICS_TYPE, body: metricsText(pipeline, diagnosis, counters) }),
      "/diagnostics/breaks": () => {
        diagnosis.tick();
        return jsonAnswer(200, diagnosis.report());
      },
    });
    closing.unshift(() => closeAdmin(admin));
    listening("admin", admin.address);
  } catch (error) {
    await stop();
    throw error;
  }
  ready = true;
  log.info({ cluster: config.cluster, version: VERSION }, "ready");
  return { addresses, close: stop };
}

type Boundary = Config["boundaries"][number];

function policyOf({ policy }: Boundary): Parameters<typeof defineBoundary>[0]["policy"] & {} {
  const { carrier, ...rest } = policy;
  return carrier === undefined ? rest : { ...rest, carrier };
}

function servicesOf(config: Config): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(config.upstreams).map(([name, { service }]) => [name, service ?? name]));
}

async function createReceivers(config: Config, pipeline: Pipeline): Promise<{ name: string; receiver: Receiver }[]> {
  const { otlp_grpc: grpc, otlp_http: http, max_request_bytes: maxRequestBytes } = config.receivers;
  const created: { name: string; receiver: Receiver }[] = [];
  if (grpc !== undefined) {
    const options = { ...grpc.listen, ...tlsOf(config, grpc.tls), maxRequestBytes };
    created.push({ name: "otlp grpc", receiver: await createGrpcReceiver(options, pipeline) });
  }
  if (http !== undefined) {
    const options = { ...http.listen, ...tlsOf(config, http.tls), maxRequestBytes };
    created.push({ name: "otlp http", receiver: await createHttpReceiver(options, pipeline) });
  }
  return created;
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

/** Last to go: while the others drain it still answers that the program is alive and not ready. */
async function closeAdmin(admin: Admin): Promise<void> {
  await admin.close();
}
