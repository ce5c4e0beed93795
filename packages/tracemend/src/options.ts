/** The configuration's words → the options of proxy and pipeline. */
import { randomInt } from "node:crypto";
import type { DiagnosisOptions } from "@tracemend/diagnosis";
import type { DestinationOptions } from "@tracemend/pipeline";
import type { Config } from "./config.ts";
import { clientTlsOf } from "./pem.ts";

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
  return Object.entries(config.destinations).map(([name, destination]) => ({
    name,
    endpoint: destination.endpoint,
    protocol: destination.protocol,
    signals: destination.signals,
    headers: destination.headers,
    compression: destination.compression,
    timeoutMs: destination.timeout_ms,
    ...(destination.region === undefined ? {} : { region: destination.region }),
    ...clientTlsOf(config.folder, destination.tls),
    batch: {
      maxItems: destination.batch.max_items,
      maxBytes: destination.batch.max_bytes,
      maxAgeMs: destination.batch.max_age_ms,
    },
    queue: { maxBytes: destination.queue.max_bytes },
    retry: {
      initialIntervalMs: destination.retry.initial_interval_ms,
      maxIntervalMs: destination.retry.max_interval_ms,
      maxElapsedTimeMs: destination.retry.max_elapsed_ms,
    },
  }));
}
