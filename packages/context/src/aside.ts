/** The fields beside the context: baggage, what the policy clears, and everything that names a trace. */
import type { FieldLines } from "./field-lines.ts";
import { fieldValues } from "./field-lines.ts";
import { CARRIER_FIELD } from "./carrier.ts";
import { FORMATS } from "./foreign/formats.ts";
import type { Aside } from "./policy.ts";

/** Fields that tell a third party of our traces, in any format that is known. */
const TRACE_FIELDS: ReadonlySet<string> = new Set([
  ...[...FORMATS.values()].flatMap((format) => format.fields),
  ..."traceparent tracestate baggage elastic-apm-traceparent newrelic x-dynatrace jaeger-baggage jaeger-debug-id".split(
    " ",
  ),
  CARRIER_FIELD,
]);

/** Baggage of formats that put each entry in a field of its own. */
const TRACE_PREFIXES: readonly string[] = ["uberctx-", "ot-baggage-"];

/** Finds the fields of `clear` and, where all context is stripped, every field that names a trace. */
export function lookAside(clear: readonly string[], strip: boolean): (lines: FieldLines) => Aside {
  const wanted = new Set(clear);
  return (lines) => {
    const cleared = new Set<string>();
    for (let at = 0; at + 1 < lines.length; at += 2) {
      const name = (lines[at] as string).toLowerCase();
      if (wanted.has(name) || (strip && isTraceField(name))) cleared.add(name);
    }
    return { baggage: fieldValues(lines, "baggage"), cleared: [...cleared] };
  };
}

function isTraceField(name: string): boolean {
  return TRACE_FIELDS.has(name) || TRACE_PREFIXES.some((prefix) => name.startsWith(prefix));
}
