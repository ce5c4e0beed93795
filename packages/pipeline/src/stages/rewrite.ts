/** Writes repairs of torn traces into the spans that pass: another parent, or the trace they belong to. */
import { rewriteIds } from "@tracemend/otlp";
import type { NewIds, SpanIds } from "@tracemend/otlp";
import type { Clock } from "../clock.ts";
import type { Stage } from "../stage.ts";

/** Ids are lower-case hexadecimal digits. */
export type SpanRepair =
  /** One span that came below a parent nobody exported goes below another; its trace stays. */
  | {
      readonly kind: "set-parent";
      readonly traceId: string;
      readonly spanId: string;
      readonly from: string;
      readonly to: string;
    }
  /** All spans of one trace go into another, and those that were roots there below `parentId`, where that is given. */
  | { readonly kind: "move-trace"; readonly traceId: string; readonly to: string; readonly parentId?: string };

export interface SpanRepairs {
  /** Holds for what passes from now on; a second one for the same span or trace changes nothing. */
  add(repair: SpanRepair): void;
  /** Undefined where nothing is known for the span. */
  idsOf(span: SpanIds): NewIds | undefined;
  readonly size: number;
  /** Forgotten before their time because there were too many. */
  readonly forgotten: number;
}

interface Kept {
  readonly repair: SpanRepair;
  readonly sinceMs: number;
}

/** At most `maxRepairs`, some 300 bytes each, for `maxAgeMs`: late spans of a repaired trace follow the others. */
export function createSpanRepairs(maxRepairs: number, maxAgeMs: number, clock: Clock): SpanRepairs {
  const kept = new Map<string, Kept>();
  let forgotten = 0;
  const trim = (): void => {
    const sinceMs = clock.now() - maxAgeMs;
    for (const [key, one] of kept) {
      if (one.sinceMs > sinceMs && kept.size <= maxRepairs) return;
      if (one.sinceMs > sinceMs) forgotten += 1;
      kept.delete(key);
    }
  };
  return {
    add(repair) {
      const key = repair.kind === "set-parent" ? repair.traceId + repair.spanId : repair.traceId;
      if (!kept.has(key)) kept.set(key, { repair, sinceMs: clock.now() });
      trim();
    },
    idsOf({ traceId, spanId, parentSpanId }) {
      const { repair } = kept.get(traceId + spanId) ?? kept.get(traceId) ?? {};
      if (repair === undefined) return undefined;
      if (repair.kind === "set-parent") return parentSpanId === repair.from ? { parentSpanId: repair.to } : undefined;
      const isRoot = parentSpanId === "" && repair.parentId !== undefined;
      return { traceId: repair.to, ...(isRoot ? { parentSpanId: repair.parentId } : {}) };
    },
    get size() {
      return kept.size;
    },
    get forgotten() {
      return forgotten;
    },
  };
}

export interface RewriteOptions {
  readonly repairs: SpanRepairs;
  /** Told how many spans were given other ids. */
  readonly rewritten: (spans: number) => void;
}

export function rewrite({ repairs, rewritten }: RewriteOptions): Stage {
  return (next) => ({
    accept(batch, signal) {
      if (repairs.size === 0) return next.accept(batch, signal);
      let spans = 0;
      const repaired = rewriteIds(batch, (span) => {
        const ids = repairs.idsOf(span);
        if (ids !== undefined) spans += 1;
        return ids;
      });
      if (spans > 0) rewritten(spans);
      return next.accept(repaired, signal);
    },
    close: (signal) => next.close(signal),
  });
}
