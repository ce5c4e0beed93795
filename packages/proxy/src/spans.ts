/** Where the pair of spans of a crossing comes from, and the rule that no trouble there reaches a request. */
import type { Crossing, OwnSpans } from "@tracemend/context";

/** Two spans that are accepted for export before their ids go on the wire. */
export interface SpanGrant {
  readonly spans: OwnSpans;
  /** The crossing has ended. Called exactly once, unless `release` is. */
  finish(crossing: Crossing): void;
  /** No context with these ids left: the place that was held is free again. */
  release(): void;
}

export interface SpanSource {
  /** Undefined where the spans could not be exported now: then the caller's parent goes on unchanged. */
  grant(): SpanGrant | undefined;
}

export function tryGrant(source: SpanSource | undefined): SpanGrant | undefined {
  if (source === undefined) return undefined;
  try {
    return source.grant();
  } catch {
    return undefined;
  }
}

export function tryFinish(grant: SpanGrant, crossing: Crossing): void {
  try {
    grant.finish(crossing);
  } catch {
    // Telemetry fails open: the exchange is over and was not about the span.
  }
}

export function tryRelease(grant: SpanGrant): void {
  try {
    grant.release();
  } catch {
    // As above.
  }
}
