/** What a policy asks of formats other than W3C's: the two operations, bound to its rules. */
import type { Edit } from "../edits.ts";
import type { FieldLines } from "../field-lines.ts";
import type { Repair } from "../policy.ts";
import type { Reading } from "../reading.ts";
import type { TraceContext } from "../trace-context.ts";
import type { ExtractRules } from "./extract.ts";
import { extract } from "./extract.ts";
import type { InjectRules } from "./inject.ts";
import { inject, staleOf, withdraw } from "./inject.ts";

export interface ForeignRules {
  /** The reading of `traceparent`, completed or replaced by what other formats say. */
  extract(lines: FieldLines, reading: Reading): Reading;
  /** Adds the edits that make the formats agree with the context that leaves. */
  inject(edits: Edit[], reading: Reading, context: TraceContext): void;
  /** Adds the edits that remove what came. */
  withdraw(edits: Edit[], reading: Reading): void;
  /** Whether a format would leave with an older context, were it not for the repair `stale`. */
  isStale(reading: Reading, context: TraceContext): boolean;
}

export function bindForeignRules(extracting: ExtractRules, injecting: InjectRules, stale: Repair): ForeignRules {
  return {
    extract: (lines, reading) => extract(extracting, lines, reading),
    inject: (edits, reading, context) => inject(injecting, stale, edits, reading, context),
    withdraw,
    isStale: (reading, context) => staleOf(injecting, reading, context).length > 0,
  };
}
