/** Where batches go: the options of one destination, checked and completed. */
import { validateHeaderName, validateHeaderValue } from "node:http";
import type { Signal } from "@tracemend/otlp";
import type { RedactOptions } from "./stages/redact/policy.ts";
import { defineBalance } from "./balance/options.ts";
import type { Balance, BalanceOptions } from "./balance/options.ts";
import { defineStorage } from "./disk/options.ts";
import type { Storage, StorageOptions } from "./disk/options.ts";
import type { FailoverDestinationOptions } from "./regions-options.ts";
import { defineSample } from "./sample/options.ts";
import type { Sample, SampleOptions } from "./sample/options.ts";

export interface DestinationOptions {
  /** Unique among the destinations; it names the ledger's rows. */
  readonly name: string;
  /** http(s)://host:port, for http/protobuf with an optional base path. */
  readonly endpoint: string;
  readonly protocol: "grpc" | "http/protobuf";
  /** Default: all. */
  readonly signals?: readonly Signal[];
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default none: gzip costs a hundred times what reading the batch does, zstd a third of that. */
  readonly compression?: Compression;
  /** For one attempt. Default 10 000. */
  readonly timeoutMs?: number;
  readonly queue?: {
    /** In memory. Default 64 MiB. Every batch counts its bytes and 1 KiB more. */
    readonly maxBytes?: number;
    /** Keeps the queue on disk; without it, what is queued is lost with the process. */
    readonly storage?: StorageOptions;
  };
  /** As many requests are under way at once. Default 10; 1 keeps the order of batches. */
  readonly maxConcurrent?: number;
  readonly batch?: {
    /** Default 8 192. */
    readonly maxItems?: number;
    /** Default 4 000 000, below the 4 MiB most gRPC servers take at most. */
    readonly maxBytes?: number;
    /** Default 200; 0 sends at once. */
    readonly maxAgeMs?: number;
  };
  readonly retry?: {
    /** Default 1 000. */
    readonly initialIntervalMs?: number;
    /** Default 1.5. */
    readonly multiplier?: number;
    /** Default 0.5. */
    readonly randomizationFactor?: number;
    /** Default 30 000. */
    readonly maxIntervalMs?: number;
    /** Default 300 000, or 0 with a queue on disk; 0 never gives up. */
    readonly maxElapsedTimeMs?: number;
  };
  /** PEM: the authority to trust, and our own certificate. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string };
  /** Taken out of what goes here, and of nothing else. Such a destination takes no profiles: they cannot be redacted. */
  readonly redact?: RedactOptions;
  /** Leaves traces out of what goes here, and counts their spans by the policy that decided. */
  readonly sample?: SampleOptions;
  /** Spreads over several peers instead of the one at the endpoint; scheme, port and path stay those of the endpoint. */
  readonly balance?: BalanceOptions;
  /** Where else to send while it is gone, as far as residency allows; not together with `balance`. */
  readonly failover?: FailoverDestinationOptions;
  /** Judged by the residency of the pipeline, and told back in {@link DestinationState}. */
  readonly region?: string;
}

export type Compression = "none" | "gzip" | "zstd";

/** A destination with nothing left open. */
export interface Destination {
  readonly name: string;
  readonly region: string | undefined;
  readonly redact: RedactOptions | undefined;
  readonly protocol: DestinationOptions["protocol"];
  /** Scheme, host and port. */
  readonly origin: string;
  /** Without a slash at the end. */
  readonly basePath: string;
  readonly signals: readonly Signal[];
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: Compression;
  readonly timeoutMs: number;
  readonly queue: Readonly<{ maxBytes: number; storage: Storage | undefined }>;
  readonly maxConcurrent: number;
  readonly sample: Sample | undefined;
  readonly balance: Balance | undefined;
  readonly failover: Readonly<{ targets: readonly Destination[]; afterMs: number }> | undefined;
  readonly batch: Readonly<{ maxItems: number; maxBytes: number; maxAgeMs: number }>;
  readonly retry: Readonly<{
    initialIntervalMs: number;
    multiplier: number;
    randomizationFactor: number;
    maxIntervalMs: number;
    maxElapsedTimeMs: number;
  }>;
  /** As node:tls names them. */
  readonly tls: Readonly<{ ca?: string; cert?: string; key?: string; servername?: string }>;
}

const compressions: readonly Compression[] = ["none", "gzip", "zstd"];
const everySignal: readonly Signal[] = ["traces", "metrics", "logs", "profiles"];

/** What a destination takes: what its options say, else everything that can be redacted as they say. */
export function signalsOf({ signals, redact }: DestinationOptions): readonly Signal[] {
  return signals ?? everySignal.filter((signal) => redact === undefined || signal !== "profiles");
}

/** Throws a TypeError that names the option and its value. */
export function defineDestination(options: DestinationOptions): Destination {
  const name = options.name;
  if (typeof name !== "string" || name === "") throw new TypeError(`destination option name must not be empty`);
  const fail = (option: string, rule: string, value: unknown): never => {
    throw new TypeError(`destination ${name}: ${option} must be ${rule}, not ${JSON.stringify(value)}`);
  };
  const number = (option: string, value: number, least: number): number =>
    Number.isFinite(value) && value >= least ? value : fail(option, `a number of at least ${least}`, value);
  const count = (option: string, value: number, least: number): number =>
    Number.isSafeInteger(value) && value >= least ? value : fail(option, `an integer of at least ${least}`, value);

  const url = URL.parse(options.endpoint);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    return fail("endpoint", "an http or https URL", options.endpoint);
  }
  if (options.protocol !== "grpc" && options.protocol !== "http/protobuf") {
    return fail("protocol", `"grpc" or "http/protobuf"`, options.protocol);
  }
  const basePath = url.pathname.replace(/\/+$/, "");
  // Errors are shown and logged, and what is asked for here may be a secret.
  if (url.search !== "" || url.username !== "" || url.password !== "") {
    fail("endpoint", "without query and credentials, which belong into headers", `${url.origin}${url.pathname}`);
  }
  if (options.protocol === "grpc" && basePath !== "") fail("endpoint", "without a path for gRPC", options.endpoint);
  const signals = signalsOf(options);
  if (options.redact && signals.includes("profiles")) fail("signals", "without profiles when redacted", signals);
  if (signals.length === 0) fail("signals", "at least one signal", signals);
  for (const signal of signals) {
    if (!everySignal.includes(signal)) fail("signals", `of ${everySignal.join(", ")}`, signal);
  }
  const compression = options.compression ?? "none";
  if (!compressions.includes(compression)) fail("compression", `one of ${compressions.join(", ")}`, compression);
  const { queue = {}, batch = {}, retry = {} } = options;
  const { failover, region, headers = {}, tls = {}, ...common } = options;
  const maxQueueBytes = count("queue.maxBytes", queue.maxBytes ?? 64 * 1024 * 1024, 1);
  if (options.sample && !signals.includes("traces")) fail("sample", "absent without traces", signals);
  if (failover !== undefined && options.balance !== undefined)
    fail("failover", "absent with balance", Object.keys(failover));
  if (options.tls !== undefined && url.protocol === "http:") fail("tls", "absent with http", options.endpoint);
  const randomizationFactor = number("retry.randomizationFactor", retry.randomizationFactor ?? 0.5, 0);
  if (randomizationFactor > 1) fail("retry.randomizationFactor", "at most 1", randomizationFactor);
  return {
    name,
    region,
    redact: options.redact,
    protocol: options.protocol,
    origin: url.origin,
    basePath,
    signals: [...new Set(signals)],
    headers: checkHeaders(headers, fail),
    compression,
    timeoutMs: count("timeoutMs", options.timeoutMs ?? 10_000, 1),
    queue: {
      maxBytes: maxQueueBytes,
      storage: queue.storage && defineStorage(queue.storage, fail),
    },
    maxConcurrent: count("maxConcurrent", options.maxConcurrent ?? 10, 1),
    sample: options.sample && defineSample(options.sample, Math.floor(maxQueueBytes / (queue.storage ? 4 : 2)), fail),
    balance: options.balance && defineBalance(options.balance, fail),
    failover: failover && {
      targets: failover.targets.map((target) => defineDestination({ ...common, ...target })),
      afterMs: number("failover.afterMs", failover.afterMs ?? 30_000, 0),
    },
    batch: {
      maxItems: count("batch.maxItems", batch.maxItems ?? 8_192, 1),
      maxBytes: count("batch.maxBytes", batch.maxBytes ?? 4_000_000, 1),
      maxAgeMs: number("batch.maxAgeMs", batch.maxAgeMs ?? 200, 0),
    },
    retry: {
      initialIntervalMs: number("retry.initialIntervalMs", retry.initialIntervalMs ?? 1_000, 0),
      multiplier: number("retry.multiplier", retry.multiplier ?? 1.5, 1),
      randomizationFactor,
      maxIntervalMs: number("retry.maxIntervalMs", retry.maxIntervalMs ?? 30_000, 0),
      maxElapsedTimeMs: number("retry.maxElapsedTimeMs", retry.maxElapsedTimeMs ?? (queue.storage ? 0 : 300_000), 0),
    },
    tls: {
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
      ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    },
  };
}

/** What a request is framed by, and what the forwards set themselves. */
const reservedHeaders: ReadonlySet<string> = new Set(
  (
    "connection keep-alive proxy-connection transfer-encoding upgrade http2-settings te trailer host expect " +
    "content-length content-type content-encoding user-agent grpc-timeout grpc-encoding grpc-accept-encoding"
  ).split(" "),
);

function checkHeaders(
  headers: Readonly<Record<string, string>>,
  fail: (option: string, rule: string, value: unknown) => never,
): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [written, value] of Object.entries(headers)) {
    const name = written.toLowerCase();
    if (reservedHeaders.has(name)) fail("headers", "fields that are not set by the transport", written);
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      // The value may be a secret, so only the name is told.
      fail("headers", "valid field names and values", written);
    }
    checked[name] = value;
  }
  return checked;
}
