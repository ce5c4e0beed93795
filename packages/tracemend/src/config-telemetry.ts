/** The OTLP path in the configuration's words, and from there the options that pipeline checks. */
import type { DestinationOptions, PipelineOptions, RedactOptions, RouteRule } from "@tracemend/pipeline";
import { z } from "zod";
import { fieldName } from "./config-policy.ts";
import { clientTls } from "./config-route.ts";

const bytes = z.int().positive();
const ms = z.int().positive();
const text = z.string().min(1);
const signal = z.enum(["traces", "metrics", "logs"]);
const value = z.union([z.string(), z.number(), z.boolean()]);
const url = z.url({ protocol: /^https?$/ });

const action = z.enum(["mask", "hash", "truncate-ip"]);
const patternName = z.enum(["email", "card", "ip", "jwt", "authorization", "url-credentials"]);

const redact = z.strictObject({
  attributes: z
    .array(z.strictObject({ keys: z.array(text).min(1), action: z.enum([...action.options, "delete"]) }))
    .optional(),
  allow: z.array(text).optional(),
  patterns: z
    .array(z.union([patternName, z.strictObject({ pattern: patternName, action: action.optional() })]))
    .optional(),
  /** At least 32 bytes; best from an environment variable. */
  hash_key: text.optional(),
});

const storage = z.strictObject({
  folder: text,
  fsync: z.union([z.enum(["always", "never"]), z.strictObject({ interval_ms: ms })]).optional(),
  max_bytes: bytes.optional(),
});

const resolver = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("static"), peers: z.array(text).min(1) }),
  z.strictObject({ kind: z.literal("dns"), record: z.enum(["address", "srv"]).optional(), interval_ms: ms.optional() }),
  z.strictObject({
    kind: z.literal("kubernetes"),
    service: text,
    namespace: text.optional(),
    port: z.union([text, z.int()]).optional(),
  }),
]);

export const destinationSchema = z.strictObject({
  endpoint: url,
  protocol: z.enum(["grpc", "http/protobuf"]).default("grpc"),
  signals: z.array(signal).min(1).optional(),
  region: text.optional(),
  headers: z.record(fieldName, z.string()).default({}),
  compression: z.enum(["none", "gzip"]).optional(),
  timeout_ms: ms.optional(),
  max_concurrent: z.int().positive().optional(),
  tls: clientTls.optional(),
  batch: z
    .strictObject({
      max_items: z.int().positive().optional(),
      max_bytes: bytes.optional(),
      max_age_ms: z.int().nonnegative().optional(),
    })
    .optional(),
  queue: z.strictObject({ max_bytes: bytes.optional(), storage: storage.optional() }).optional(),
  retry: z
    .strictObject({
      initial_interval_ms: ms.optional(),
      multiplier: z.number().positive().optional(),
      randomization_factor: z.number().nonnegative().optional(),
      max_interval_ms: ms.optional(),
      max_elapsed_ms: z.int().nonnegative().optional(),
    })
    .optional(),
  redact: redact.optional(),
  balance: z
    .strictObject({
      resolver,
      ejection: z
        .strictObject({
          consecutive_failures: z.int().positive().optional(),
          base_ms: ms.optional(),
          max_share: z.number().nonnegative().optional(),
        })
        .optional(),
      drain_ms: z.int().nonnegative().optional(),
    })
    .optional(),
  failover: z
    .strictObject({ targets: z.array(z.strictObject({ endpoint: url })).min(1), after_ms: ms.optional() })
    .optional(),
});

export type DestinationConfig = z.output<typeof destinationSchema>;

const filterRule = z.strictObject({
  name: text,
  kinds: z.array(z.enum(["internal", "server", "client", "producer", "consumer"])).optional(),
  services: z.array(text).optional(),
  span_names: z.array(text).optional(),
  routes: z.array(text).optional(),
  attributes: z.record(text, value).optional(),
});

const telemetryRoute = z.strictObject({
  signals: z.array(signal).optional(),
  services: z.array(text).optional(),
  regions: z.array(text).optional(),
  attributes: z.record(text, value).optional(),
  share: z.number().nonnegative().optional(),
  destinations: z.array(text).min(1),
});

/** What is done with all telemetry on its way to the destinations. */
export const telemetrySchema = z.strictObject({
  /** Asked for resource attributes, the first that knows one wins; `resource` wins over all. None by default. */
  detect: z.array(z.enum(["otel", "kubernetes", "cloud", "host"])).default([]),
  /** Of the process; above it everything is answered busy. */
  memory_limit_bytes: bytes.optional(),
  filter: z.strictObject({ rules: z.array(filterRule).min(1) }).optional(),
  redact: redact.optional(),
  routes: z.array(telemetryRoute).default([]),
});

export type TelemetryConfig = z.output<typeof telemetrySchema>;

export function telemetryOf(config: TelemetryConfig): Pick<PipelineOptions, "memory" | "filter" | "redact" | "routes"> {
  const { memory_limit_bytes: maxBytes, filter, redact: redaction, routes } = config;
  return {
    ...(maxBytes === undefined ? {} : { memory: { maxBytes } }),
    ...(filter === undefined ? {} : { filter: { rules: filter.rules.map(filterRuleOf) } }),
    ...(redaction === undefined ? {} : { redact: redactOf(redaction) }),
    routes: routes.map((route) => defined(route) as RouteRule),
  };
}

/** `tls` and `storage.folder` are completed by the caller, who knows where files are found. */
export function destinationOf(
  name: string,
  config: DestinationConfig,
  folder: (path: string) => string,
): DestinationOptions {
  const { batch, queue, retry, balance, failover } = config;
  return defined({
    name,
    endpoint: config.endpoint,
    protocol: config.protocol,
    signals: config.signals,
    region: config.region,
    headers: config.headers,
    compression: config.compression,
    timeoutMs: config.timeout_ms,
    maxConcurrent: config.max_concurrent,
    batch: batch && defined({ maxItems: batch.max_items, maxBytes: batch.max_bytes, maxAgeMs: batch.max_age_ms }),
    queue: queue && defined({ maxBytes: queue.max_bytes, storage: queue.storage && storageOf(queue.storage, folder) }),
    retry:
      retry &&
      defined({
        initialIntervalMs: retry.initial_interval_ms,
        multiplier: retry.multiplier,
        randomizationFactor: retry.randomization_factor,
        maxIntervalMs: retry.max_interval_ms,
        maxElapsedTimeMs: retry.max_elapsed_ms,
      }),
    redact: config.redact && redactOf(config.redact),
    balance: balance && balanceOf(balance),
    failover: failover && defined({ targets: failover.targets, afterMs: failover.after_ms }),
  }) as DestinationOptions;
}

function storageOf(
  { folder: path, fsync, max_bytes: maxBytes }: z.output<typeof storage>,
  folder: (path: string) => string,
): object {
  const policy = typeof fsync === "object" ? { intervalMs: fsync.interval_ms } : fsync;
  return defined({ folder: folder(path), fsync: policy, maxBytes });
}

function balanceOf({ resolver: from, ejection, drain_ms: drainMs }: NonNullable<DestinationConfig["balance"]>): object {
  const source = from.kind === "dns" ? { kind: from.kind, record: from.record, intervalMs: from.interval_ms } : from;
  const limits = ejection && {
    consecutiveFailures: ejection.consecutive_failures,
    baseMs: ejection.base_ms,
    maxShare: ejection.max_share,
  };
  return defined({ resolver: defined(source), ejection: limits && defined(limits), drainMs });
}

function redactOf({ hash_key: hashKey, ...rest }: z.output<typeof redact>): RedactOptions {
  return defined({ ...rest, hashKey });
}

function filterRuleOf({
  span_names: spanNames,
  ...rest
}: z.output<typeof filterRule>): NonNullable<NonNullable<PipelineOptions["filter"]>["rules"]>[number] {
  const rule: object = defined({ ...rest, spanNames });
  return rule as ReturnType<typeof filterRuleOf>;
}

/** Without the keys whose value is undefined: an option that is absent is not the same as one that is undefined. */
function defined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, each]) => each !== undefined));
}
