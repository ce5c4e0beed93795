/** The configuration's words → the options of proxy and pipeline. */
import { randomInt } from "node:crypto";
import { resolve } from "node:path";
import type { DiagnosisOptions } from "@tracemend/diagnosis";
import type { DestinationOptions } from "@tracemend/pipeline";
import { detectResource, toStampAttributes } from "@tracemend/pipeline";
import { destinationOf } from "./config-telemetry.ts";
import type { Config } from "./config.ts";
import { clientTlsOf, pemFilesIn } from "./pem.ts";

export function diagnosisOf({ diagnosis, upstreams }: Config): Omit<DiagnosisOptions, "now"> {
  return {
    maxBytes: diagnosis.max_bytes,
    settleMs: diagnosis.settle_ms,
    hardWaitMs: diagnosis.hard_wait_ms,
    windowMs: diagnosis.window_ms,
    gateways: diagnosis.gateways,
    upstreamServices: Object.fromEntries(
      Object.entries(upstreams).map(([name, { service }]) => [name, service ?? name]),
    ),
    seed: randomInt(2 ** 32),
  };
}

export function destinationsOf(config: Config): readonly DestinationOptions[] {
  const found = (path: string): string => resolve(config.folder, path);
  return Object.entries(config.destinations).map(([name, destination]) => ({
    ...destinationOf(name, destination, found),
    ...clientTlsOf(pemFilesIn(config.folder), destination.tls),
  }));
}

/** What is written onto all telemetry that passes: where this is, as far as it was asked for, and what is configured. */
export function attributesOf({ telemetry, resource }: Config): Readonly<Record<string, string>> {
  if (telemetry.detect.length === 0) return resource;
  return { ...toStampAttributes(detectResource({ detectors: telemetry.detect }).attributes), ...resource };
}
