/** Where crossings are sent and how much of them is held, complete and checked. Source: OpenTelemetry, OTLP exporter. */

/** `process.env`, or a runtime's own bindings. */
export type Environment = Readonly<Record<string, unknown>>;

export interface CrossingExportOptions {
  /**
   * The URL that takes OTLP logs over HTTP, such as `http://127.0.0.1:4318/v1/logs`. Default: what
   * `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` says, or `OTEL_EXPORTER_OTLP_ENDPOINT` with `/v1/logs` behind it, or
   * `http://localhost:4318/v1/logs`.
   */
  readonly endpoint?: string;
  /** Sent with every batch. Default: `OTEL_EXPORTER_OTLP_LOGS_HEADERS`, or `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Says who reports. Default: `service.name` from `OTEL_SERVICE_NAME`. */
  readonly resource?: Readonly<Record<string, string | number | boolean>>;
  /** A batch leaves with so many crossings, or when its first is so old. Defaults 512 and 1,000. */
  readonly maxBatch?: number;
  readonly maxAgeMs?: number;
  /** Held until they are delivered, as JSON text; crossings beyond are dropped. Default 4 MiB. */
  readonly maxBytes?: number;
  /** For one answer of the endpoint. Default 10,000. */
  readonly timeoutMs?: number;
  /** Runs each request to the endpoint, such as `(send) => context.with(suppressTracing(context.active()), send)`. */
  readonly around?: <T>(send: () => T) => T;
  /** Told why crossings were not delivered. */
  readonly failed?: (message: string) => void;
  /** Default: `process.env` where there is one. */
  readonly env?: Environment;
  readonly fetch?: typeof fetch;
  /** The default one's timers keep no process alive. */
  readonly clock?: ExportClock;
}

export interface ExportClock {
  /** Epoch milliseconds. */
  now(): number;
  after(ms: number, run: () => void): { cancel(): void };
}

export interface Settings {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string | number | boolean>>;
  readonly maxBatch: number;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly around: <T>(send: () => T) => T;
  readonly failed: (message: string) => void;
  readonly fetch: typeof fetch;
  readonly clock: ExportClock;
}

/** Throws a `TypeError` that names the option, or the variable, and the value. */
export function completeOptions(options: CrossingExportOptions): Settings {
  const env = options.env ?? (globalThis as { readonly process?: { readonly env?: Environment } }).process?.env ?? {};
  const { maxBatch = 512, maxAgeMs = 1000, maxBytes = 4_194_304, timeoutMs = 10_000 } = options;
  for (const [option, value] of Object.entries({ maxBatch, maxBytes, timeoutMs }))
    if (!Number.isInteger(value) || value < 1)
      throw new TypeError(`${option} is ${value}; it must be an integer above 0`);
  if (!Number.isFinite(maxAgeMs) || maxAgeMs < 0)
    throw new TypeError(`maxAgeMs is ${maxAgeMs}; it must be a number of milliseconds, at least 0`);
  return {
    endpoint: endpointOf(options.endpoint, env),
    headers: options.headers ?? headersOf(env),
    resource: options.resource ?? { "service.name": textOf(env, "OTEL_SERVICE_NAME") ?? "unknown_service" },
    maxBatch,
    maxAgeMs,
    maxBytes,
    timeoutMs,
    around: options.around ?? ((send) => send()),
    failed: options.failed ?? (() => {}),
    fetch: options.fetch ?? ((...request) => fetch(...request)),
    clock: options.clock ?? UNHELD,
  };
}

function endpointOf(option: string | undefined, env: Environment): string {
  if (option !== undefined) return checkUrl("endpoint", option);
  const logs = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";
  const own = textOf(env, logs);
  if (own !== undefined) return checkUrl(logs, own);
  const every = "OTEL_EXPORTER_OTLP_ENDPOINT";
  const base = textOf(env, every);
  if (base === undefined) return "http://localhost:4318/v1/logs";
  if ((textOf(env, "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL") ?? textOf(env, "OTEL_EXPORTER_OTLP_PROTOCOL")) === "grpc")
    throw new TypeError(
      `${every} is ${JSON.stringify(base)} and for gRPC; crossings go over HTTP: name their endpoint`,
    );
  return `${checkUrl(every, base).replace(/\/+$/, "")}/v1/logs`;
}

function checkUrl(name: string, value: string): string {
  const url = URL.parse(value);
  if (url?.protocol === "http:" || url?.protocol === "https:") return value;
  throw new TypeError(`${name} is ${JSON.stringify(value)}; it must be a URL of http or https`);
}

/** `key=value,key2=value2`, values percent-encoded. */
function headersOf(env: Environment): Readonly<Record<string, string>> {
  const names = ["OTEL_EXPORTER_OTLP_LOGS_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
  const name = names.find((each) => textOf(env, each) !== undefined);
  const list = name === undefined ? "" : (textOf(env, name) ?? "");
  const headers: Record<string, string> = {};
  for (const pair of list.split(",").filter((each) => each.trim() !== "")) {
    const at = pair.indexOf("=");
    // A value may be a secret: it is not repeated.
    if (at < 1)
      throw new TypeError(`${name} has an entry without "="; it must be a list such as key=value,key2=value2`);
    headers[pair.slice(0, at).trim()] = decoded(pair.slice(at + 1).trim());
  }
  return headers;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An empty variable is as good as none. */
function textOf(env: Environment, name: string): string | undefined {
  const value = env[name];
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

const UNHELD: ExportClock = {
  now: Date.now,
  after(ms, run) {
    const timer = setTimeout(run, ms);
    // Of workers and browsers a number.
    if (typeof timer === "object") timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
