/** Finds a service whose SDK restarts traces: every SERVER span is compared with the head its request came with. */
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import type { Context, Link, SpanContext } from "@opentelemetry/api";
import { SpanKind } from "@opentelemetry/api";
import type { FieldLines, TraceContext } from "@tracemend/context";
import { read } from "@tracemend/context";
import { arrivedIn } from "./arrived.ts";
import type { ComparedSpan, Continuation } from "./compare.ts";
import { compareSpan } from "./compare.ts";
import { toSpanContext } from "./span-context.ts";

export interface Finding {
  readonly continuation: Continuation;
  readonly arrived: TraceContext;
  readonly span: { readonly traceId: string; readonly spanId: string; readonly name: string };
  /** The instrumentation that opened the span. */
  readonly scope: string;
}

export interface RestartCheckOptions {
  /** Told of every SERVER span that does not simply continue what arrived. */
  readonly found?: (finding: Finding) => void;
  /** Whether a span that restarted the trace gets a link to what arrived. Default false. */
  readonly link?: boolean;
}

/** What of the SDK's span is used. */
export interface StartedSpan extends ComparedSpan {
  readonly kind: SpanKind;
  readonly name: string;
  readonly instrumentationScope: { readonly name: string };
  addLink(link: Link): unknown;
}

/** Usable as a `SpanProcessor` of the OpenTelemetry SDK, 2 and 3. */
export interface RestartCheck {
  onStart(span: StartedSpan, parentContext: Context): void;
  onEnd(): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
  /** SERVER spans that were compared, by what was found. */
  counts(): Readonly<Record<Continuation, number>>;
}

/** The head of a request until the first SERVER span opened for it. */
interface Head {
  lines: FieldLines | undefined;
}

/**
 * Sees recorded spans only: the SDK shows a processor no others. Heads come from our propagator where that is used, else
 * from the channel of node:http, which speaks before any instrumentation opens its span.
 */
export function createRestartCheck(options: RestartCheckOptions = {}): RestartCheck {
  const { found, link = false } = options;
  const storage = new AsyncLocalStorage<Head>();
  const counts: Record<Continuation, number> = {
    continued: 0,
    restarted: 0,
    linked: 0,
    reparented: 0,
    unsampled: 0,
    sampled: 0,
    "no-span": 0,
  };
  const onRequest = (message: unknown): void => {
    storage.enterWith({ lines: (message as { readonly request: IncomingMessage }).request.rawHeaders });
  };
  subscribe("http.server.request.start", onRequest);

  return {
    onStart(span, parentContext) {
      if (span.kind !== SpanKind.SERVER) return;
      const head = storage.getStore();
      const arrived = contextIn(parentContext, head?.lines);
      if (head !== undefined) head.lines = undefined;
      if (arrived === undefined) return;
      const continuation = compareSpan(arrived, span);
      counts[continuation] += 1;
      if (continuation === "continued") return;
      if (continuation === "restarted" && link) span.addLink({ context: toSpanContext(arrived) });
      const { traceId, spanId }: SpanContext = span.spanContext();
      try {
        found?.({
          continuation,
          arrived,
          span: { traceId, spanId, name: span.name },
          scope: span.instrumentationScope.name,
        });
      } catch {
        // A span opens while a request is served: whoever watches has no say in it.
      }
    },
    onEnd: () => {},
    forceFlush: () => Promise.resolve(),
    shutdown: () => {
      unsubscribe("http.server.request.start", onRequest);
      return Promise.resolve();
    },
    counts: () => ({ ...counts }),
  };
}

/** The valid context that came in; undefined where there was none to continue. */
function contextIn(parentContext: Context, lines: FieldLines | undefined): TraceContext | undefined {
  const passage = arrivedIn(parentContext);
  if (passage !== undefined)
    return passage.reading.kind === "valid" ? passage.reading.context : passage.verdict.context;
  const reading = lines === undefined ? undefined : read(lines);
  return reading?.kind === "valid" ? reading.context : undefined;
}
