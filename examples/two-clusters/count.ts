/** How many traces are whole: counted from exported spans by trace id and parent id, never assumed. */
import type { ExportedSpan } from "./agent.ts";

const SERVER = 2;

export interface PathCount {
  /** Traces that a request for this path began in the shop. */
  readonly requests: number;
  /** Of these, how many are in one piece from the shop to the service that answered. */
  readonly whole: number;
  /** Into how many traces the requests fell apart. */
  readonly traces: number;
}

/** `path` is what the shop was asked for, `service` who answers it in the other cluster. */
export function countPath(spans: readonly ExportedSpan[], path: string, service: string): PathCount {
  const byTrace = Map.groupBy(spans, (span) => span.traceId);
  const begun = [...byTrace.values()].filter((trace) => trace.some((span) => isServer(span, "shop", path)));
  const answered = [...byTrace.values()].filter((trace) => trace.some((span) => isServer(span, service, path)));
  const whole = begun.filter((trace) => isWhole(trace) && trace.some((span) => isServer(span, service, path)));
  return { requests: begun.length, whole: whole.length, traces: new Set([...begun, ...answered]).size };
}

function isServer(span: ExportedSpan, service: string, path: string): boolean {
  return span.kind === SERVER && span.service === service && span.path === path;
}

/** One root, and every other span's parent is in the trace. */
export function isWhole(trace: readonly ExportedSpan[]): boolean {
  const ids = new Set(trace.map((span) => span.spanId));
  const roots = trace.filter((span) => span.parentSpanId === "");
  return roots.length === 1 && trace.every((span) => span.parentSpanId === "" || ids.has(span.parentSpanId));
}
