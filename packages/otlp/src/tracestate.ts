/** Replaces the tracestate of spans by splicing: what does not change is copied as it came. */

import { type Batch, batchOf } from "./batch.ts";
import { RewritePlan } from "./rewrite-plan.ts";
import { OpenSpanView, type SpanView } from "./span-view.ts";
import { Cursor } from "./wire/cursor.ts";

/**
 * Asks for every span what to write as its tracestate: undefined leaves it, "" takes it out. The same batch when nothing
 * changes, or when it is of another signal.
 */
export function rewriteTracestates(batch: Batch, rewrite: (span: SpanView) => string | undefined): Batch {
  if (batch.signal !== "traces") return batch;
  const view = new OpenSpanView();
  const parts = batch.parts.map((part) => rewritePart(part, view, rewrite));
  if (parts.every((part, index) => part === batch.parts[index])) return batch;
  return batchOf(batch.signal, parts, batch.items);
}

const request = new Cursor();
const resource = new Cursor();
const scope = new Cursor();

function rewritePart(
  part: Uint8Array,
  view: OpenSpanView,
  rewrite: (span: SpanView) => string | undefined,
): Uint8Array {
  const plan = new RewritePlan(part);
  request.open(part, 0, part.length);
  while (request.next()) {
    if (request.field !== 1) continue;
    view.openResource(part, request.start, request.stop);
    plan.enter(1, request.tagStart, request.start, request.stop);
    resource.open(part, request.start, request.stop);
    while (resource.next()) {
      if (resource.field !== 2) continue;
      plan.enter(2, resource.tagStart, resource.start, resource.stop);
      scope.open(part, resource.start, resource.stop);
      while (scope.next()) {
        if (scope.field !== 2) continue;
        const text = rewrite(view.open(scope.start, scope.stop));
        if (text !== undefined) replace(plan, part, scope, text);
      }
      plan.leave();
    }
    plan.leave();
  }
  return plan.finish();
}

const span = new Cursor();

/** One tracestate stays of several, which readers would not agree on. */
function replace(plan: RewritePlan, part: Uint8Array, { tagStart, start, stop }: Cursor, text: string): void {
  plan.enter(2, tagStart, start, stop);
  let replacement = text === "" ? undefined : { number: 3, value: text };
  span.open(part, start, stop);
  while (span.next()) {
    if (span.field !== 3) continue;
    plan.change(span.tagStart, span.stop, replacement);
    replacement = undefined;
  }
  if (replacement !== undefined) plan.change(stop, stop, replacement);
  plan.leave();
}
