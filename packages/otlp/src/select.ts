/** Takes some spans or log records out of a batch: by a test, or by the trace they belong to. */

import type { Batch } from "./batch.ts";
import { type LogView, OpenLogView } from "./log-view.ts";
import { type Envelope, forEachItem, Piece } from "./sieve.ts";
import { OpenSpanView, type SpanView } from "./span-view.ts";
import type { Cursor } from "./wire/cursor.ts";

/**
 * The spans `keep` says true for, with the envelopes they need. The same batch when that is every span, or when it is of
 * another signal.
 */
export function selectSpans(batch: Batch, keep: (span: SpanView) => boolean): Batch {
  if (batch.signal !== "traces") return batch;
  const kept = new Piece();
  forEachSpanItem(batch, (span, cursor, envelope) => {
    if (keep(span)) kept.add(cursor, envelope, 1);
  });
  return kept.items === batch.items ? batch : kept.finish(batch.signal);
}

/** The log records `keep` says true for; in all else as `selectSpans`. */
export function selectLogs(batch: Batch, keep: (log: LogView) => boolean): Batch {
  if (batch.signal !== "logs") return batch;
  const view = new OpenLogView();
  const kept = new Piece();
  forEachItem(batch, (cursor, envelope) => {
    if (keep(view.open(envelope.bytes, cursor.start, cursor.stop))) kept.add(cursor, envelope, 1);
  });
  return kept.items === batch.items ? batch : kept.finish(batch.signal);
}

/**
 * One batch for each shard that `shardOf` names, in the order the shards first appear; the same batch when there is one
 * shard. `shardOf` is called once for each trace id of the batch: 32 digits, or what the sender gave instead. Every
 * shard repeats the resources and scopes its spans need. Throws TypeError for another signal than traces.
 */
export function shardByTrace<Shard>(batch: Batch, shardOf: (traceId: string) => Shard): ReadonlyMap<Shard, Batch> {
  if (batch.signal !== "traces") throw new TypeError(`batch: ${batch.signal} cannot be sharded by trace`);
  const shards = new Map<string, Shard>();
  const pieces = new Map<Shard, Piece>();
  forEachSpanItem(batch, (span, cursor, envelope) => {
    const traceId = span.traceId();
    let shard = shards.get(traceId);
    if (shard === undefined) shards.set(traceId, (shard = shardOf(traceId)));
    let piece = pieces.get(shard);
    if (piece === undefined) pieces.set(shard, (piece = new Piece()));
    piece.add(cursor, envelope, 1);
  });
  const [only] = pieces.keys();
  if (pieces.size === 1) return new Map([[only!, batch]]);
  return new Map(Array.from(pieces, ([shard, piece]) => [shard, piece.finish(batch.signal)]));
}

function forEachSpanItem(batch: Batch, visit: (span: SpanView, cursor: Cursor, envelope: Envelope) => void): void {
  const view = new OpenSpanView();
  let resource: Envelope | undefined;
  forEachItem(batch, (cursor, envelope) => {
    if (envelope.parent !== undefined && envelope.parent !== resource) {
      resource = envelope.parent;
      view.openResource(resource.bytes, resource.start, resource.stop);
    }
    visit(view.open(cursor.start, cursor.stop), cursor, envelope);
  });
}
