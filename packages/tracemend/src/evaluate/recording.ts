/** A recording: real traces as they were, whatever format they were kept in. */

export type Kind = "server" | "client" | "internal" | "producer" | "consumer";

export interface RecordedSpan {
  readonly service: string;
  /** The process or pod that recorded it. */
  readonly instance: string;
  /** Undefined where the recording does not say. */
  readonly kind: Kind | undefined;
  readonly name: string;
  /** Its place in the trace's `spans`, always before its own; -1 for a root. */
  readonly parent: number;
  /** Epoch milliseconds, fractions allowed. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface RecordedTrace {
  /** Parents before their children. */
  readonly spans: readonly RecordedSpan[];
  readonly startMs: number;
  /** Spans whose parent is not in the recording; they are kept as roots. */
  readonly unseenParents: number;
}

/** `pairs`: a trace is a request and the span that answered it. They serve for joining by time, and for nothing else. */
export type Holds = "traces" | "pairs";

export interface Recording {
  readonly name: string;
  readonly holds: Holds;
  readonly traces: readonly RecordedTrace[];
}

/** What a reader finds, before order and parents are settled. */
export interface FoundSpan extends Omit<RecordedSpan, "parent"> {
  readonly traceId: string;
  readonly spanId: string;
  /** "" for a root. */
  readonly parentId: string;
}

/** A recording that cannot be read: says where. */
export class RecordingError extends Error {
  constructor(file: string, line: number, what: string) {
    super(`${file}:${line}: ${what}`);
    this.name = "RecordingError";
  }
}

/** Settles the order and the parents of one trace's spans. A span that is there twice counts once. */
export function traceOf(found: readonly FoundSpan[]): RecordedTrace {
  const byId = new Map(found.map((span) => [span.spanId, span]));
  const place = new Map<string, number>();
  const spans: RecordedSpan[] = [];
  let unseenParents = 0;
  const enter = (first: FoundSpan): void => {
    const chain: FoundSpan[] = [];
    const onChain = new Set<string>();
    for (let span: FoundSpan | undefined = first; span !== undefined && !place.has(span.spanId);) {
      if (onChain.has(span.spanId)) break;
      onChain.add(span.spanId);
      chain.push(span);
      span = span.parentId === "" ? undefined : byId.get(span.parentId);
    }
    for (const { traceId: _, spanId, parentId, ...span } of chain.toReversed()) {
      const parent = parentId === "" ? -1 : (place.get(parentId) ?? -1);
      if (parentId !== "" && parent < 0) unseenParents += 1;
      place.set(spanId, spans.length);
      spans.push({ ...span, parent });
    }
  };
  for (const span of byId.values()) enter(span);
  const startMs = spans.reduce((least, span) => Math.min(least, span.startMs), Infinity);
  return { spans, startMs, unseenParents };
}
