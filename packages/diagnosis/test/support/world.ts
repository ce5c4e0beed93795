/** A small world to test a diagnosis in: a clock, a border that forwards requests, and services that export spans. */
import type { Crossing, FieldLines, OwnSpans, PolicyOptions, Side } from "@tracemend/context";
import { cross, defineBoundary } from "@tracemend/context";
import type { SpanRecord } from "@tracemend/otlp";
import { encodeSpans } from "@tracemend/otlp";
import type { Diagnosis, DiagnosisOptions } from "../../src/index.ts";
import { createDiagnosis } from "../../src/index.ts";

export const START_MS = 1_800_000_000_000;

export interface ForwardOptions {
  lines?: FieldLines;
  policy?: PolicyOptions;
  boundary?: string;
  cluster?: string;
  side?: Side;
  upstream?: string;
  localPort?: number;
  durationMs?: number;
  requestId?: string;
  path?: string;
  method?: string;
  status?: number;
  peer?: string;
  /** Ends now unless told. */
  endMs?: number;
  failed?: boolean;
  /** The trace that the upstream's answer names, if any. */
  answered?: string;
  /** Whether a pair of spans is granted; true unless told. */
  grant?: boolean;
}

export interface SpanOptions extends Partial<SpanRecord> {
  service?: string;
  instance?: string;
  language?: string;
}

export interface World {
  readonly diagnosis: Diagnosis;
  readonly clock: { ms: number };
  /** An id that was not given out before. */
  readonly id: (digits: 16 | 32) => string;
  /** Builds the crossing of one request by a real boundary. */
  readonly crossing: (options?: ForwardOptions) => Crossing;
  /** Builds a crossing and tells the diagnosis of it. */
  readonly forward: (options?: ForwardOptions) => Crossing;
  /** Exports one span. */
  readonly span: (options: SpanOptions) => SpanRecord;
  /** Exports the span that a crossing is owed. */
  readonly answer: (crossing: Crossing, options?: SpanOptions) => SpanRecord;
  /** Exports a root span of the service for a crossing, as one that dropped the context does. */
  readonly root: (crossing: Crossing, options?: SpanOptions) => SpanRecord;
  /** Lets time pass and the service export something, so that what ended before is settled by its watermark. */
  readonly pass: (service?: string, ms?: number) => void;
  /** Lets time pass second by second with a tick in each. */
  readonly wait: (ms: number) => void;
}

export function createWorld(options: Partial<DiagnosisOptions> = {}): World {
  const clock = { ms: START_MS };
  const diagnosis = createDiagnosis({ maxBytes: 256 * 1024, ...options, now: () => clock.ms });
  let ids = 0;
  const id = (digits: 16 | 32): string => {
    ids += 1;
    // Multiplying spreads the digits, so that halves of ids differ too.
    const high = (Math.imul(ids, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
    const low = ids.toString(16).padStart(8, "0");
    return (high + low).repeat(digits / 16);
  };
  const world: World = {
    diagnosis,
    clock,
    id,
    crossing: (forward = {}) => crossingOf(world, forward),
    forward(forward) {
      const crossing = crossingOf(world, forward ?? {});
      diagnosis.crossed(crossing);
      return crossing;
    },
    span(span) {
      const record = spanOf(world, span);
      const resource = {
        "service.name": span.service ?? "shop",
        "service.instance.id": span.instance ?? "1",
        "telemetry.sdk.language": span.language ?? "nodejs",
      };
      diagnosis.spans(encodeSpans(resource, { name: "test", version: "1" }, [record]));
      return record;
    },
    answer: (crossing, span = {}) =>
      world.span({
        traceId: crossing.verdict.context?.traceId ?? "",
        parentSpanId: crossing.verdict.context?.parentId ?? "",
        startMs: crossing.startMs + 1,
        endMs: crossing.endMs - 1,
        ...span,
      }),
    root: (crossing, span = {}) => world.span({ startMs: crossing.startMs + 1, endMs: crossing.endMs - 1, ...span }),
    pass(service = "shop", ms = 11_000) {
      world.wait(ms);
      world.span({ service, kind: "internal", parentSpanId: id(16) });
      diagnosis.tick();
    },
    wait(ms) {
      const untilMs = clock.ms + ms;
      while (clock.ms < untilMs) {
        clock.ms = Math.min(untilMs, clock.ms + 1_000);
        diagnosis.tick();
      }
    },
  };
  return world;
}

function crossingOf({ clock, id }: World, options: ForwardOptions): Crossing {
  const { lines = ["traceparent", `00-${id(32)}-${id(16)}-01`], durationMs = 20, endMs = clock.ms } = options;
  const boundary = defineBoundary({
    name: options.boundary ?? "edge",
    side: options.side ?? "ingress",
    cluster: options.cluster ?? "us-1",
    policy: options.policy ?? {},
  });
  const answer = options.answered === undefined ? undefined : { traceId: options.answered, spanId: id(16), flags: 1 };
  const granted: OwnSpans = { traceId: id(32), serverSpanId: id(16), clientSpanId: id(16) };
  const { reading, verdict, spans } = cross(boundary, lines, () => (options.grant === false ? undefined : granted));
  return {
    boundary: boundary.name,
    side: boundary.side,
    cluster: boundary.cluster,
    reading,
    verdict,
    spans,
    startMs: endMs - durationMs,
    endMs,
    protocol: "http/1.1",
    scheme: "http",
    method: options.method ?? "GET",
    path: options.path ?? "/cart",
    authority: "shop.example",
    userAgent: undefined,
    requestId: options.requestId,
    downstream: { address: options.peer ?? "10.0.0.9", port: 40_000 },
    upstream: {
      name: options.upstream ?? "shop",
      address: "10.1.0.2",
      port: 8080,
      localPort: options.localPort,
    },
    status: options.failed === true ? 502 : (options.status ?? 200),
    grpcStatus: undefined,
    answer,
    failure: options.failed === true ? { kind: "connect", side: "upstream" } : undefined,
  };
}

function spanOf({ clock, id }: World, options: SpanOptions): SpanRecord {
  const { service: _service, instance: _instance, language: _language, ...rest } = options;
  return {
    traceId: id(32),
    spanId: id(16),
    name: "GET /cart",
    kind: "server",
    startMs: clock.ms - 10,
    endMs: clock.ms,
    attributes: {},
    ...rest,
  };
}
