/** A request as Node's server modules hand it over, known by its shape alone: its lines, and edits in every view of it. */
import type { Arrival } from "./arrival.ts";
import type { Edits } from "./edits.ts";
import { applyEdits } from "./edits.ts";
import type { FieldLines } from "./field-lines.ts";

/** The part of `IncomingMessage` and `Http2ServerRequest` that holds header fields. */
export interface NodeMessage {
  readonly rawHeaders?: string[];
  readonly headers: Record<string, string | string[] | undefined>;
  /** HTTP/1 only. */
  readonly headersDistinct?: Record<string, string[] | undefined>;
}

/** The lines as they came. A bridge from a serverless runtime fills only the folded fields: then these as lines. */
export function linesOfMessage(message: NodeMessage): FieldLines {
  const { rawHeaders, headers } = message;
  if (rawHeaders !== undefined && rawHeaders.length > 0) return rawHeaders;
  return Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().flatMap((each) => [name, each]),
  );
}

/** Names and values together: past 1,000 lines Node 22 and 24 drop whole blocks of them and say nothing. */
const SAFE_LENGTH = 2000;

const WHOLE: Arrival = {};
const CUT: Arrival = { truncated: true };

/** Whether Node may have cut the lines of a request, and the peer's address where the policy asks for it. */
export function arrivalOfMessage(lines: FieldLines, address?: string): Arrival {
  const cut = lines.length > SAFE_LENGTH;
  if (address === undefined) return cut ? CUT : WHOLE;
  return { truncated: cut, address };
}

/** Applies the edits to the message itself, so that all of its views agree; without edits nothing is touched. */
export function applyToMessage(message: NodeMessage, edits: Edits): void {
  if (edits.length === 0) return;
  // Node folds each view out of rawHeaders when it is first read, by a count of lines it took on arrival: it has to
  // happen before the lines change.
  const { rawHeaders, headers, headersDistinct } = message;
  if (rawHeaders !== undefined && rawHeaders.length > 0) {
    const edited = applyEdits(rawHeaders, edits);
    // In place: on HTTP/2 the property has no setter.
    for (let at = 0; at < edited.length; at += 1) rawHeaders[at] = edited[at] as string;
    rawHeaders.length = edited.length;
  }
  for (const { name, value } of edits) {
    if (value === null) {
      Reflect.deleteProperty(headers, name);
      if (headersDistinct !== undefined) Reflect.deleteProperty(headersDistinct, name);
    } else {
      headers[name] = value;
      if (headersDistinct !== undefined) headersDistinct[name] = [value];
    }
  }
}
