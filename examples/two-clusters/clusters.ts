/** Who runs where: both clusters and the gateway between them, as processes on this machine. */
import { fileURLToPath } from "node:url";
import type { Agents } from "./agent.ts";
import { startAgents } from "./agent.ts";
import { freePorts } from "./ports.ts";
import type { Running } from "./processes.ts";
import { start } from "./processes.ts";

export type Repair = "report" | "on";

export interface Clusters {
  readonly agents: Agents;
  readonly shopUrl: string;
  readonly adminUrls: { readonly "eu-1": string; readonly "us-1": string };
  /** Starts the ingress of us-1 anew with another repair policy; nothing else is touched. */
  setRepair(repair: Repair): Promise<void>;
  stop(): Promise<void>;
}

const PROGRAM = "../../packages/tracemend/src/main.ts";
const NAMES = [
  "shop",
  "egress",
  "euOtlp",
  "euAgent",
  "euAdmin",
  "gateway",
  "ingress",
  "catalogue",
  "prices",
  "usOtlp",
  "usAgent",
  "usAdmin",
] as const;

export async function startClusters(told: (what: string) => void): Promise<Clusters> {
  const ports = await freePorts(NAMES);
  const url = (name: (typeof NAMES)[number]): string => `http://127.0.0.1:${ports[name]}`;
  const agents = await startAgents({ eu: ports.euAgent, us: ports.usAgent });
  const running: Running[] = [];
  const stop = async (): Promise<void> => {
    for (const one of running.toReversed()) await one.stop();
    await agents.close();
  };

  const service = (name: string, port: number, env: Record<string, string>): Promise<Running> =>
    start(name, `./services/${name}.ts`, [], { PORT: String(port), ...env }, port);
  const ingress = (repair: Repair): Promise<Running> =>
    program("us-1", ports.ingress, {
      INGRESS_PORT: ports.ingress,
      CATALOGUE_PORT: ports.catalogue,
      PRICES_PORT: ports.prices,
      OTLP_PORT: ports.usOtlp,
      AGENT_PORT: ports.usAgent,
      ADMIN_PORT: ports.usAdmin,
      REPAIR: repair,
    });
  const egress = (): Promise<Running> =>
    program("eu-1", ports.egress, {
      EGRESS_PORT: ports.egress,
      GATEWAY_PORT: ports.gateway,
      OTLP_PORT: ports.euOtlp,
      AGENT_PORT: ports.euAgent,
      ADMIN_PORT: ports.euAdmin,
    });

  try {
    told("services, gateway and both borders are starting …");
    // allSettled: whatever did start is known, and stopped again, when one of them does not.
    const started = await Promise.allSettled([
      service("catalogue", ports.catalogue, sdk("catalogue", url("usOtlp"), "http/protobuf")),
      service("prices", ports.prices, { ...sdk("prices", url("usOtlp"), "http/protobuf"), OTEL_PROPAGATORS: "none" }),
      service("shop", ports.shop, { ...sdk("shop", url("euOtlp"), "grpc"), EGRESS_URL: url("egress") }),
      service("edge-gateway", ports.gateway, { TARGET_URL: url("ingress") }),
      egress(),
    ]);
    for (const result of started) if (result.status === "fulfilled") running.push(result.value);
    const failed = started.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    running.push(await ingress("report"));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    agents,
    shopUrl: url("shop"),
    adminUrls: { "eu-1": url("euAdmin"), "us-1": url("usAdmin") },
    async setRepair(repair) {
      await running.pop()?.stop();
      running.push(await ingress(repair));
    },
    stop,
  };
}

function program(cluster: string, port: number, env: Record<string, string | number>): Promise<Running> {
  const file = fileURLToPath(new URL(`./clusters/${cluster}.yaml`, import.meta.url));
  const texts = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)]));
  return start(`tracemend ${cluster}`, PROGRAM, ["run", "--config", file], texts, port);
}

/** What a service owner puts into the environment of a service under the OpenTelemetry SDK. */
function sdk(name: string, endpoint: string, protocol: "grpc" | "http/protobuf"): Record<string, string> {
  return {
    OTEL_SERVICE_NAME: name,
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_METRICS_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
    OTEL_NODE_RESOURCE_DETECTORS: "env,process,serviceinstance",
    OTEL_BSP_SCHEDULE_DELAY: "200",
    OTEL_PROPAGATORS: "tracecontext",
  };
}
