/** What came in with a request, kept in OpenTelemetry's context beside the span it became the parent of. */
import type { Context } from "@opentelemetry/api";
import { createContextKey } from "@opentelemetry/api";
import type { Passage } from "@tracemend/context";

const KEY = createContextKey("tracemend: what arrived");

export function putArrived(context: Context, passage: Passage): Context {
  return context.setValue(KEY, passage);
}

/** Undefined where the context was not extracted by this package's propagator. */
export function arrivedIn(context: Context): Passage | undefined {
  return context.getValue(KEY) as Passage | undefined;
}
