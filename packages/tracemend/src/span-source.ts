/** Our own spans through our own pipeline: room is held before their ids are put on the wire. */
import type { Crossing, Ids } from "@tracemend/context";
import { encodeSpans } from "@tracemend/otlp";
import type { Pipeline } from "@tracemend/pipeline";
import type { SpanGrant, SpanSource } from "@tracemend/proxy";
import { PAIR_BYTES, spansOf } from "./spans.ts";

export interface SpanSourceOptions {
  readonly pipeline: Pick<Pipeline, "reserve">;
  readonly ids: Ids;
  /** Resource attributes of our own spans; `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
}

/** Grants a pair of spans only where the queue holds room for it: else a parent id would leave that nobody exports. */
export function createSpanSource({ pipeline, ids, resource, version }: SpanSourceOptions): SpanSource {
  const scope = { name: "tracemend", version };
  const roomBytes = PAIR_BYTES + encodeSpans(resource, scope, []).bytes;
  return {
    grant(): SpanGrant | undefined {
      const room = pipeline.reserve(roomBytes);
      if (room === undefined) return undefined;
      const spans = { traceId: ids.traceId(), serverSpanId: ids.spanId(), clientSpanId: ids.spanId() };
      return {
        spans,
        finish: (crossing: Crossing) => room.fill(encodeSpans(resource, scope, spansOf(crossing, spans))),
        release: () => room.release(),
      };
    },
  };
}
