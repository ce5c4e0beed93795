/** One file of recordings as a stream of traces; the format is recognised by what is in it. */
import type { Json } from "./json.ts";
import { objectOf } from "./json.ts";
import { linesOf } from "./lines.ts";
import { isJaegerTrace, readJaegerTrace } from "./read-jaeger.ts";
import { NEZHA_HEADER, readNezhaLine } from "./read-nezha.ts";
import { isOtlpTraces, readOtlpTraces } from "./read-otlp.ts";
import { PAIRS_HEADER, readPairLine } from "./read-pairs.ts";
import { isZipkinSpan, readZipkinSpans } from "./read-zipkin.ts";
import type { FoundSpan, Holds, RecordedTrace } from "./recording.ts";
import { RecordingError, traceOf } from "./recording.ts";

/** Whether the name says that the file may hold a recording. */
export function mayBeRecording(path: string): boolean {
  return /\.(json|ndjson|csv)(\.gz)?$/.test(path);
}

/**
 * Yields whole traces. Throws a `RecordingError` for a recording with a fault in it. Returns what the file holds;
 * undefined where it is no recording at all.
 */
export async function* tracesOf(path: string): AsyncGenerator<RecordedTrace, Holds | undefined> {
  if (/\.csv(\.gz)?$/.test(path)) return yield* tracesOfCsv(path);
  return (yield* tracesOfJson(path)) ? "traces" : undefined;
}

/** The header, which comments may precede, tells one format from another. */
async function* tracesOfCsv(path: string): AsyncGenerator<RecordedTrace, Holds | undefined> {
  const found: FoundSpan[] = [];
  let header: string | undefined;
  for await (const { number, text } of linesOf(path)) {
    if (text === "" || (header === undefined && text.startsWith("#"))) continue;
    if (header === undefined) {
      header = text;
      if (header !== NEZHA_HEADER && header !== PAIRS_HEADER) return undefined;
    } else if (header === NEZHA_HEADER) found.push(attempt(path, number, () => readNezhaLine(text)));
    else found.push(...attempt(path, number, () => readPairLine(text, String(number))));
  }
  yield* grouped(found);
  if (found.length === 0) return undefined;
  return header === NEZHA_HEADER ? "traces" : "pairs";
}

/** One document a line, or one document in the whole file. */
async function* tracesOfJson(path: string): AsyncGenerator<RecordedTrace, boolean> {
  let document = "";
  let any = false;
  for await (const { number, text } of linesOf(path)) {
    if (text === "") continue;
    if (number === 1 || any) {
      const value = parsed(text);
      if (value !== undefined && recognised(value)) {
        any = true;
        yield* grouped(attempt(path, number, () => spansOf(value)));
        continue;
      }
      if (any) throw new RecordingError(path, number, value === undefined ? "this is no JSON" : "this is no trace");
    }
    document += `${text}\n`;
  }
  if (any) return true;
  const value = attempt(path, 1, (): unknown => JSON.parse(document));
  if (!recognised(value)) return false;
  yield* grouped(attempt(path, 1, () => spansOf(value)));
  return true;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function recognised(value: unknown): boolean {
  const one = objectOf(Array.isArray(value) ? value[0] : value);
  if (Array.isArray(value)) return isZipkinSpan(one) || isZipkinList(value[0]);
  return isJaegerTrace(one) || isOtlpTraces(one) || Array.isArray(one["data"]);
}

/** Zipkin's answer to a search: a list of traces, each a list of spans. */
function isZipkinList(value: unknown): boolean {
  return Array.isArray(value) && isZipkinSpan(objectOf(value[0]));
}

function spansOf(value: unknown): readonly FoundSpan[] {
  if (Array.isArray(value)) return readZipkinSpans((value as unknown[]).flat().map(objectOf));
  const one: Json = objectOf(value);
  if (isOtlpTraces(one)) return readOtlpTraces(one);
  const traces = Array.isArray(one["data"]) ? (one["data"] as unknown[]) : [one];
  return traces.map(objectOf).flatMap(readJaegerTrace);
}

function* grouped(found: readonly FoundSpan[]): Generator<RecordedTrace> {
  const byTrace = Map.groupBy(found, ({ traceId }) => traceId);
  for (const spans of byTrace.values()) yield traceOf(spans);
}

function attempt<Result>(path: string, line: number, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw new RecordingError(path, line, error instanceof Error ? error.message : String(error));
  }
}
