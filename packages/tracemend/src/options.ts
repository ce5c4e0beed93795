/** The configuration's words → the options of proxy and pipeline; certificate and key files are read here. */
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { DiagnosisOptions } from "@tracemend/diagnosis";
import type { DestinationOptions } from "@tracemend/pipeline";
import type { Route } from "@tracemend/proxy";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-file.ts";

type ServerTls = Config["boundaries"][number]["tls"];
type ClientTls = Config["upstreams"][string]["tls"];

export function tlsOf(config: Config, tls: ServerTls): { tls?: { cert: string; key: string } } {
  if (tls === undefined) return {};
  return { tls: { cert: readPem(config, "cert_file", tls.cert_file), key: readPem(config, "key_file", tls.key_file) } };
}

function clientTlsOf(
  config: Config,
  tls: ClientTls,
): { tls?: { ca?: string; cert?: string; key?: string; serverName?: string } } {
  if (tls === undefined) return {};
  return {
    tls: {
      ...(tls.ca_file === undefined ? {} : { ca: readPem(config, "ca_file", tls.ca_file) }),
      ...(tls.cert_file === undefined ? {} : { cert: readPem(config, "cert_file", tls.cert_file) }),
      ...(tls.key_file === undefined ? {} : { key: readPem(config, "key_file", tls.key_file) }),
      ...(tls.server_name === undefined ? {} : { serverName: tls.server_name }),
    },
  };
}

function readPem(config: Config, key: string, file: string): string {
  const path = resolve(config.folder, file);
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(
      `${key}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
      {
        cause: error,
      },
    );
  }
}

export function routesOf(config: Config, routes: Config["boundaries"][number]["routes"]): readonly Route[] {
  return routes.map(({ match, upstream: name }) => {
    const { url, protocol, tls } = config.upstreams[name] as Config["upstreams"][string];
    return {
      match: {
        ...(match.authority === undefined ? {} : { authority: match.authority }),
        ...(match.path_prefix === undefined ? {} : { pathPrefix: match.path_prefix }),
      },
      upstream: { name, url, protocol, ...clientTlsOf(config, tls) },
    };
  });
}

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
    ...clientTlsOf(config, destination.tls),
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
