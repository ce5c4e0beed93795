/** Where the pair of spans of a crossing comes from, and the rule that no trouble there reaches a request. */
import type { OwnSpans } from "@tracemend/context";
import type { Passed } from "./passed.ts";

/** Two spans that are accepted for export before their ids go on the wire. */
export interface SpanGrant {
  readonly spans: OwnSpans;
  /**
   * The id of one more CLIENT span that is accepted for export, for a request that is sent once more. Undefined, or
   * absent, where there is none: then that try goes under the CLIENT span of the one before.
   */
  again?(): string | undefined;
  /**
   * The pair with one more CLIENT span that is accepted for export, for a copy of the request that is told apart and may
   * outlast it. Undefined, or absent, where there is none.
   */
  copy?(): SpanGrant | undefined;
  /** The crossing has ended. Called exactly once, unless `release` is. */
  finish(passed: Passed): void;
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

export function tryAgain(grant: SpanGrant): string | undefined {
  try {
    return grant.again?.();
  } catch {
    return undefined;
  }
}

export function tryCopy(grant: SpanGrant): SpanGrant | undefined {
  try {
    return grant.copy?.();
  } catch {
    return undefined;
  }
}

export function tryFinish(grant: SpanGrant, passed: Passed): void {
  try {
    grant.finish(passed);
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
