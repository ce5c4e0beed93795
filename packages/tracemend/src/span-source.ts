/** Our own spans through our own pipeline: room is held before their ids are put on the wire. */
import type { Ids } from "@tracemend/context";
import { encodeSpans } from "@tracemend/otlp";
import type { Pipeline, Reservation } from "@tracemend/pipeline";
import type { Passed, SpanGrant, SpanSource } from "@tracemend/proxy";
import { CLIENT_BYTES, PAIR_BYTES, spansOf } from "./spans.ts";

export interface SpanSourceOptions {
  readonly pipeline: Pick<Pipeline, "reserve">;
  readonly ids: Ids;
  /** Resource attributes of our own spans; `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
}

/** What a pair of spans with this resource needs at most; a CLIENT span alone needs less. */
export function pairBytes(resource: SpanSourceOptions["resource"], version: string): number {
  return PAIR_BYTES + encodeSpans(resource, scopeOf(version), []).bytes;
}

function scopeOf(version: string): { name: string; version: string } {
  return { name: "tracemend", version };
}

/** Grants spans only where the queue holds room for them: else a parent id would leave that nobody exports. */
export function createSpanSource({ pipeline, ids, resource, version }: SpanSourceOptions): SpanSource {
  const scope = scopeOf(version);
  const emptyBytes = encodeSpans(resource, scope, []).bytes;
  const encode = (records: Parameters<typeof encodeSpans>[2]) => encodeSpans(resource, scope, records);
  return {
    grant(): SpanGrant | undefined {
      const room = pipeline.reserve(PAIR_BYTES + emptyBytes);
      if (room === undefined) return undefined;
      const spans = { traceId: ids.traceId(), serverSpanId: ids.spanId(), clientSpanId: ids.spanId() };
      const more = new Map<string, Reservation>();
      return {
        spans,
        again() {
          const room = pipeline.reserve(CLIENT_BYTES + emptyBytes);
          if (room === undefined) return undefined;
          const id = ids.spanId();
          more.set(id, room);
          return id;
        },
        copy() {
          const room = pipeline.reserve(CLIENT_BYTES + emptyBytes);
          if (room === undefined) return undefined;
          const own = { ...spans, clientSpanId: ids.spanId() };
          return {
            spans: own,
            finish(passed: Passed) {
              const call = spansOf(passed, own).filter(({ kind }) => kind === "client");
              if (call.length === 0) room.release();
              else room.fill(encode(call));
            },
            release: () => room.release(),
          };
        },
        finish(passed: Passed) {
          const records = spansOf(passed, spans);
          for (const [id, room] of more) {
            const record = records.find(({ spanId }) => spanId === id);
            if (record === undefined) room.release();
            else room.fill(encode([record]));
          }
          room.fill(encode(records.filter(({ spanId }) => !more.has(spanId))));
        },
        release() {
          for (const room of more.values()) room.release();
          room.release();
        },
      };
    },
  };
}
