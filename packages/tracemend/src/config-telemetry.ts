/** The OTLP path in the configuration's words, and from there the options that pipeline checks. */
import type { DestinationOptions, PipelineOptions, Problem, RouteRule } from "@tracemend/pipeline";
import { z } from "zod";
import { defined } from "./config-defined.ts";
import { fieldName } from "./config-policy.ts";
import { redactOf, redactSchema } from "./config-redact.ts";
import { regionsOf, regionsSchema } from "./config-regions.ts";
import { sampleOf, sampleSchema } from "./config-sample.ts";
import type { ClientTlsConfig } from "./config-route.ts";
import { clientTls } from "./config-route.ts";

const bytes = z.int().positive();
const ms = z.int().positive();
const text = z.string().min(1);
const signal = z.enum(["traces", "metrics", "logs", "profiles"]);
const value = z.union([z.string(), z.number(), z.boolean()]);
const url = z.url({ protocol: /^https?$/ });

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

const protocol = z.enum(["grpc", "http/protobuf"]);

const failoverTarget = z.strictObject({
  endpoint: url,
  protocol: protocol.optional(),
  region: text.optional(),
  headers: z.record(fieldName, z.string()).optional(),
  tls: clientTls.optional(),
});

export const destinationSchema = z.strictObject({
  endpoint: url,
  protocol: protocol.default("grpc"),
  signals: z.array(signal).min(1).optional(),
  region: text.optional(),
  headers: z.record(fieldName, z.string()).default({}),
  compression: z.enum(["none", "gzip", "zstd"]).optional(),
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
  redact: redactSchema.optional(),
  sample: sampleSchema.optional(),
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
    .strictObject({ targets: z.array(failoverTarget).min(1), after_ms: z.int().nonnegative().optional() })
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
  redact: redactSchema.optional(),
  routes: z.array(telemetryRoute).default([]),
  /** Without it everything may go everywhere. */
  regions: regionsSchema.optional(),
});

export type TelemetryConfig = z.output<typeof telemetrySchema>;

export function telemetryOf(config: TelemetryConfig): Omit<PipelineOptions, "destinations"> {
  const { memory_limit_bytes: maxBytes, filter, redact: redaction, routes, regions } = config;
  return {
    ...(maxBytes === undefined ? {} : { memory: { maxBytes } }),
    ...(filter === undefined ? {} : { filter: { rules: filter.rules.map(filterRuleOf) } }),
    ...(redaction === undefined ? {} : { redact: redactOf(redaction) }),
    routes: routes.map((route) => defined(route) as RouteRule),
    ...(regions === undefined ? {} : { regions: regionsOf(regions) }),
  };
}

/** Where in the configuration an option of the pipeline is written. */
export function keyOf([first, ...rest]: Problem["path"], destinations: readonly string[]): Problem["path"] {
  if (first === "attributes") return ["resource", ...rest];
  if (first !== "destinations") return ["telemetry", ...(first === undefined ? [] : [first]), ...rest];
  const [at, ...inside] = rest;
  return ["destinations", destinations[Number(at)] ?? "", ...inside];
}

/** Knows where files are found. */
export interface Files {
  folder(path: string): string;
  tls(config: ClientTlsConfig | undefined): Pick<DestinationOptions, "tls">;
}

export function destinationOf(name: string, config: DestinationConfig, files: Files): DestinationOptions {
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
    queue: queue && defined({ maxBytes: queue.max_bytes, storage: queue.storage && storageOf(queue.storage, files) }),
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
    sample: config.sample && sampleOf(config.sample),
    balance: balance && balanceOf(balance),
    failover:
      failover &&
      defined({
        targets: failover.targets.map(({ tls, ...target }) => ({ ...defined(target), ...files.tls(tls) })),
        afterMs: failover.after_ms,
      }),
    ...files.tls(config.tls),
  }) as DestinationOptions;
}

function storageOf({ folder: path, fsync, max_bytes: maxBytes }: z.output<typeof storage>, files: Files): object {
  const policy = typeof fsync === "object" ? { intervalMs: fsync.interval_ms } : fsync;
  return defined({ folder: files.folder(path), fsync: policy, maxBytes });
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

function filterRuleOf({
  span_names: spanNames,
  ...rest
}: z.output<typeof filterRule>): NonNullable<NonNullable<PipelineOptions["filter"]>["rules"]>[number] {
  const rule: object = defined({ ...rest, spanNames });
  return rule as ReturnType<typeof filterRuleOf>;
}
