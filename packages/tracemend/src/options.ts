/** The configuration's words → the options of proxy and pipeline. */
import { randomInt } from "node:crypto";
import { resolve } from "node:path";
import type { DiagnosisOptions } from "@tracemend/diagnosis";
import type { DestinationOptions, HttpReceiverOptions, PipelineOptions } from "@tracemend/pipeline";
import { detectResource, toStampAttributes } from "@tracemend/pipeline";
import { defined } from "./config-defined.ts";
import { destinationOf } from "./config-telemetry.ts";
import type { Files } from "./config-telemetry.ts";
import type { Config } from "./config.ts";
import { checkBoundaries } from "./boundaries.ts";
import { clientTlsOf, pemFilesIn, serverTlsOf } from "./pem.ts";

export function diagnosisOf({ diagnosis, upstreams }: Config): Omit<DiagnosisOptions, "now"> {
  return {
    maxBytes: diagnosis.max_bytes,
    settleMs: diagnosis.settle_ms,
    hardWaitMs: diagnosis.hard_wait_ms,
    windowMs: diagnosis.window_ms,
    gateways: diagnosis.gateways,
    repair: diagnosis.repair,
    moveTraces: diagnosis.move_traces,
    upstreamServices: Object.fromEntries(
      Object.entries(upstreams).map(([name, { service }]) => [name, service ?? name]),
    ),
    seed: randomInt(2 ** 32),
  };
}

/** Spans are held back only where something may be written into them. */
export function repairOf({ diagnosis }: Config): Pick<PipelineOptions, "repair"> {
  if (diagnosis.repair !== "on" && diagnosis.move_traces !== "on") return {};
  return { repair: { holdMs: diagnosis.hold_ms } };
}

/** Pages that may send OTLP/HTTP. */
export function corsOf({ receivers }: Config): Pick<HttpReceiverOptions, "cors"> {
  const cors = receivers.otlp_http?.cors;
  if (cors === undefined) return {};
  const { allowed_origins: allowedOrigins, allowed_headers: allowedHeaders, max_age_s: maxAgeS } = cors;
  return { cors: { allowedOrigins, ...defined({ allowedHeaders, maxAgeS }) } };
}

export function destinationsOf(config: Config): readonly DestinationOptions[] {
  const files: Files = {
    folder: (path) => resolve(config.folder, path),
    tls: (tls) => clientTlsOf(pemFilesIn(config.folder), tls),
  };
  return Object.entries(config.destinations).map(([name, destination]) => destinationOf(name, destination, files));
}

/** Reads every key and certificate that is named. Throws a `ConfigError` as starting would, and opens nothing. */
export function checkFiles(config: Config): void {
  const pems = pemFilesIn(config.folder);
  checkBoundaries(config, pems);
  for (const receiver of [config.receivers.otlp_grpc, config.receivers.otlp_http]) serverTlsOf(pems, receiver?.tls);
  destinationsOf(config);
}

/** What is written onto all telemetry that passes: where this is, as far as it was asked for, and what is configured. */
export function attributesOf({ telemetry, resource }: Config): Readonly<Record<string, string>> {
  if (telemetry.detect.length === 0) return resource;
  return { ...toStampAttributes(detectResource({ detectors: telemetry.detect }).attributes), ...resource };
}
