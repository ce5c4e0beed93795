/** The configuration: its schema, its defaults, and errors that name file, line and key. */
import { readFileSync } from "node:fs";
import { dirname, normalize, resolve } from "node:path";
import { defineBoundary } from "@tracemend/context";
import { GATEWAYS } from "@tracemend/diagnosis";
import { checkPipeline, isBearerToken, isOriginPattern } from "@tracemend/pipeline";
import { checkForwarding, checkListen, checkRoutes, isParameterName } from "@tracemend/proxy";
import { z } from "zod";
import type { ConfigText } from "./config-file.ts";
import { ConfigError, readConfigText } from "./config-file.ts";
import { findingOf } from "./config-options.ts";
import { destinationOf, destinationSchema, keyOf, telemetryOf, telemetrySchema } from "./config-telemetry.ts";
import { fieldName, policyOf, policySchema } from "./config-policy.ts";
import { wordsOf } from "./config-words.ts";
import {
  boundaryTls,
  forwardingOf,
  forwardingSchema,
  limitsSchema,
  proxyProtocolOf,
  proxyProtocolSchema,
  routeSchema,
  routesOf,
  samplingSchema,
  serverTls,
  timeoutsSchema,
  upstreamOf,
  upstreamSchema,
} from "./config-route.ts";

const clusterName = z.string().regex(/^[a-z0-9-]{1,16}$/, "must be 1 to 16 characters of a-z, 0-9 and -");
const bytes = z.int().positive();
const ms = z.int().positive();

/** About 24.8 days: no timer counts further. */
const timer = ms.max(2_147_483_647);

/** `host:port`, `[v6]:port` or `:port` (loopback). */
const address = z.string().transform((text, context) => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    context.addIssue({
      code: "custom",
      message: `is ${JSON.stringify(text)}; it must be host:port, such as 127.0.0.1:8080`,
    });
    return z.NEVER;
  }
  return { host: match[1] ?? (match[2] || "127.0.0.1"), port };
});

const boundary = z.strictObject({
  name: z.string().min(1),
  side: z.enum(["ingress", "egress"]),
  listen: address,
  tls: boundaryTls.optional(),
  proxy_protocol: proxyProtocolSchema.optional(),
  timeouts: timeoutsSchema.optional(),
  limits: limitsSchema.optional(),
  policy: policySchema.prefault({}),
  forwarding: forwardingSchema.optional(),
  sampling: samplingSchema.optional(),
  query: z.array(z.string().refine(isParameterName, "must be the name of a parameter")).optional(),
  routes: z.array(routeSchema).min(1),
});

const diagnosis = z.strictObject({
  max_bytes: z.int().min(65_536).default(33_554_432),
  settle_ms: z.int().nonnegative().default(10_000),
  hard_wait_ms: ms.default(60_000),
  window_ms: ms.default(600_000),
  gateways: z.record(z.string().min(1), z.enum(GATEWAYS)).default({}),
  /** Of spans: parents that nobody exported, halved trace ids, links to the trace that a service began anew. */
  repair: z.enum(["off", "report", "on"]).default("report"),
  /** Whether such a trace is moved into the one it belongs to, where it has not left through a boundary. */
  move_traces: z.enum(["off", "report", "on"]).default("off"),
  /** With either `on`, spans wait so long before they are sent: what is found later cannot be written any more. */
  hold_ms: ms.default(15_000),
  /** Breaks as log records and gauges, and each crossing as a log record, to the destinations of those signals. */
  send: z
    .strictObject({
      breaks: z.boolean().default(true),
      crossings: z.boolean().default(false),
      interval_ms: ms.default(60_000),
    })
    .prefault({}),
});

const listener = z.strictObject({ listen: address, tls: serverTls.optional() });

/** Pages in browsers that may send OTLP/HTTP. */
const cors = z.strictObject({
  allowed_origins: z
    .array(z.string().refine(isOriginPattern, "must be an origin as https://shop.example, without a path"))
    .min(1),
  allowed_headers: z.array(fieldName).optional(),
  max_age_s: z.int().nonnegative().optional(),
});

const schema = z.strictObject({
  cluster: clusterName,
  service_name: z.string().min(1).default("tracemend"),
  resource: z.record(z.string().min(1), z.string()).default({}),
  boundaries: z.array(boundary).default([]),
  /** Processes that share the boundaries' ports; one: this one. `auto`: as many as there are cores. */
  workers: z.union([z.int().min(1).max(256), z.literal("auto")], "must be a number from 1 to 256, or auto").default(1),
  upstreams: z.record(z.string(), upstreamSchema).default({}),
  receivers: z
    .strictObject({
      otlp_grpc: listener.optional(),
      otlp_http: listener.extend({ cors: cors.optional() }).optional(),
      max_request_bytes: bytes.default(67_108_864),
      bearer_tokens: z
        .array(z.string().refine(isBearerToken, "must be letters, digits and -._~+/, with = at the end"))
        .min(1)
        .optional(),
      /** Crossings that others report are evidence here; true: and go to the destinations of logs too. */
      forward_crossings: z.boolean().default(false),
    })
    .prefault({}),
  destinations: z.record(z.string().min(1), destinationSchema).default({}),
  telemetry: telemetrySchema.prefault({}),
  diagnosis: diagnosis.prefault({}),
  admin: z.strictObject({ listen: address }).prefault({ listen: "127.0.0.1:9464" }),
  log: z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]).default("info") }).prefault({}),
  /** `collector_names`: queue and send figures under the OpenTelemetry Collector's names too. */
  metrics: z
    .strictObject({
      level: z.enum(["basic", "normal", "detailed"]).default("normal"),
      collector_names: z.boolean().default(false),
    })
    .prefault({}),
  access_log: z.strictObject({ format: z.enum(["off", "json", "text"]).default("off") }).prefault({}),
  /** Certificate, key and authority files of boundaries and upstreams, read again when they change; see `file-watch.ts`. */
  certificates: z
    .strictObject({
      watch: z.enum(["events", "poll", "off"]).default("events"),
      poll_ms: ms.default(30_000),
      settle_ms: ms.default(500),
    })
    .prefault({}),
  shutdown: z.strictObject({ drain_ms: timer.default(10_000), flush_ms: timer.default(5000) }).prefault({}),
});

/** Complete and checked: every default filled in, every upstream that a route names exists. */
export type Config = z.output<typeof schema> & {
  /** Certificate and key files are found from here: the folder of the configuration file. */
  readonly folder: string;
};

/** What a configuration file may have, as JSON Schema: for editors that complete and check while one writes. */
export function configJsonSchema(): object {
  return { title: "tracemend", ...z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) };
}

/** Throws `ConfigError` with one line for each finding: file, line, column, key, what is wrong. */
export function loadConfig(file: string, env: Readonly<Record<string, string | undefined>>): Config {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`, {
      cause: error,
    });
  }
  return parseConfig(file, text, env);
}

export function parseConfig(file: string, text: string, env: Readonly<Record<string, string | undefined>>): Config {
  const source = readConfigText(file, text, env);
  const read = (value: unknown) => schema.safeParse(value ?? {}, { error: wordsOf });
  let parsed = read(source.value);
  if (!parsed.success) {
    const retyped = source.retyped(parsed.error.issues.map(({ path }) => path));
    if (retyped !== undefined) parsed = read(retyped);
  }
  if (!parsed.success) throw new ConfigError(parsed.error.issues.flatMap((issue) => tell(issue, source)).join("\n"));
  const config = { ...parsed.data, folder: dirname(resolve(file)) };
  const findings = checkReferences(config, source);
  if (findings.length > 0) throw new ConfigError(findings.join("\n"));
  return config;
}

function tell(issue: z.core.$ZodIssue, source: ConfigText): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => finding(source, [...issue.path, key], "is not a key that is known here"));
  }
  if (issue.code === "invalid_union") {
    // What was written is of one kind alone, and wrong further in: there is more to say than what kinds there are.
    const [meant, ...others] = issue.errors.filter((one) => one.every(isWithin));
    if (meant !== undefined && others.length === 0)
      return meant.flatMap((one) => tell({ ...one, path: [...issue.path, ...one.path] }, source));
  }
  return [finding(source, issue.path, issue.message)];
}

function isWithin({ path, code }: z.core.$ZodIssue): boolean {
  return path.length > 0 && code !== "unrecognized_keys";
}

function finding(source: ConfigText, path: readonly PropertyKey[], message: string): string {
  return `${source.where(path)}: ${path.map(String).join(".") || "the file"}: ${message}`;
}

function checkReferences(config: z.output<typeof schema>, source: ConfigText): string[] {
  const findings: string[] = [];
  const names = new Set<string>();
  config.boundaries.forEach((boundary, at) => {
    if (names.has(boundary.name))
      findings.push(finding(source, ["boundaries", at, "name"], `${boundary.name} is taken`));
    names.add(boundary.name);
    const before = findings.length;
    const check = (run: () => unknown, within?: readonly string[]): void => {
      try {
        run();
      } catch (error) {
        const { path, message } = findingOf((error as Error).message, at, boundary, within);
        const text = finding(source, path, message);
        // Of an upstream that several boundaries name it is said once.
        if (!findings.includes(text)) findings.push(text);
      }
    };
    check(
      () => defineBoundary({ ...boundary, cluster: config.cluster, policy: policyOf(boundary.policy) }),
      ["policy"],
    );
    const mustExist = (upstream: string, path: readonly PropertyKey[]): void => {
      if (Object.hasOwn(config.upstreams, upstream)) return;
      const known = Object.keys(config.upstreams).join(", ") || "none";
      const message = `there is no upstream ${JSON.stringify(upstream)} (there are: ${known})`;
      findings.push(finding(source, ["boundaries", at, ...path], message));
    };
    boundary.routes.forEach(({ name, upstream, split, mirror }, index, routes) => {
      if (name !== undefined && routes.findIndex((route) => route.name === name) < index)
        findings.push(finding(source, ["boundaries", at, "routes", index, "name"], `${name} is taken`));
      if (upstream !== undefined) mustExist(upstream, ["routes", index, "upstream"]);
      if (mirror !== undefined) mustExist(mirror.upstream, ["routes", index, "mirror", "upstream"]);
      split?.forEach((way, at) => mustExist(way.upstream, ["routes", index, "split", at, "upstream"]));
    });
    for (const name of Object.keys(boundary.policy.upstreams ?? {})) mustExist(name, ["policy", "upstreams", name]);
    if (findings.length > before) return;
    check(() => checkListen(proxyProtocolOf(boundary.proxy_protocol)));
    check(() => checkForwarding(forwardingOf(boundary.forwarding).forwarding));
    check(() => checkRoutes(routesOf(boundary.routes, (name) => upstreamOf(name, config.upstreams[name]))));
  });
  const { settle_ms: settleMs, hard_wait_ms: hardWaitMs, window_ms: windowMs } = config.diagnosis;
  if (settleMs > hardWaitMs || hardWaitMs > windowMs) {
    findings.push(finding(source, ["diagnosis"], "settle_ms ≤ hard_wait_ms ≤ window_ms must hold"));
  }
  findings.push(...checkTelemetry(config, source));
  const receives = config.receivers.otlp_grpc !== undefined || config.receivers.otlp_http !== undefined;
  if (receives && Object.keys(config.destinations).length === 0) {
    findings.push(finding(source, ["receivers"], "OTLP is received but there are no destinations to send it to"));
  }
  return findings;
}

function checkTelemetry({ destinations, resource, telemetry }: z.output<typeof schema>, source: ConfigText): string[] {
  const nowhere = { folder: normalize, tls: (tls?: object) => (tls === undefined ? {} : { tls: {} }) };
  const entries = Object.entries(destinations);
  const problems = checkPipeline({
    ...telemetryOf(telemetry),
    attributes: resource,
    destinations: entries.map(([name, destination]) => destinationOf(name, destination, nowhere)),
  });
  const names = entries.map(([name]) => name);
  return problems.map(({ path, message }) => finding(source, keyOf(path, names), message));
}
