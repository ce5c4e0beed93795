/** Takes some spans or log records out of a batch. */

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
