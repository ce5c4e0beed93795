/** Trace fields in the answers a browser asks for before and after a request to another origin. Source: Fetch, section 3.3. */
import { trimBlanks } from "./field-lines.ts";

/** What a tracer in a browser sends along. */
export const TRACE_REQUEST_FIELDS: readonly string[] = ["traceparent", "tracestate", "baggage"];

/**
 * `Access-Control-Allow-Headers` with those trace fields that a preflight asks for; undefined where none is missing. A
 * browser does not send the request at all when one of the fields it asked for is not allowed.
 */
export function allowTraceFields(asked: string, allowed: string | undefined): string | undefined {
  const wanted = namesIn(asked).filter((name) => TRACE_REQUEST_FIELDS.includes(name));
  return withNames(allowed, wanted);
}

/** `Access-Control-Expose-Headers` with `traceresponse`, so that a script may read it; undefined where it is there. */
export function exposeTraceresponse(exposed: string | undefined): string | undefined {
  return withNames(exposed, ["traceresponse"]);
}

function withNames(list: string | undefined, names: readonly string[]): string | undefined {
  const present = namesIn(list ?? "");
  const missing = names.filter((name) => !present.includes(name));
  if (missing.length === 0) return undefined;
  return list === undefined || present.length === 0 ? missing.join(", ") : `${list}, ${missing.join(", ")}`;
}

function namesIn(list: string): readonly string[] {
  return list
    .split(",")
    .map((name) => trimBlanks(name).toLowerCase())
    .filter((name) => name !== "");
}
