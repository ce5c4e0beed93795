/** A request as Node's server modules hand it over, known by its shape alone: its lines, and edits in every view of it. */
import { readAltNames } from "./alt-names.ts";
import type { Arrival } from "./arrival.ts";
import type { Boundary } from "./boundary.ts";
import type { Edits } from "./edits.ts";
import { applyEdits, areBoth } from "./edits.ts";
import type { FieldLines } from "./field-lines.ts";
import { findField } from "./field-lines.ts";
import type { OwnSpans } from "./judge.ts";
import type { Passage } from "./passage.ts";
import { SCATTERED, nominatesTrace, parentIn, placesAgain, stateIn } from "./places.ts";
import { passPlainly } from "./plain-passage.ts";
import { isPlainTraceparentCold } from "./plain-traceparent-cold.ts";

/** The part of `IncomingMessage` and `Http2ServerRequest` that holds header fields. */
export interface NodeMessage {
  readonly rawHeaders?: string[];
  readonly headers: Record<string, string | string[] | undefined>;
  /** HTTP/1 only. */
  readonly headersDistinct?: Record<string, string[] | undefined>;
}

/** The lines as they came. A bridge from a serverless runtime fills only the folded fields: then these as lines. */
export function linesOfMessage(message: NodeMessage): FieldLines {
  const { rawHeaders } = message;
  if (rawHeaders !== undefined && rawHeaders.length > 0) return rawHeaders;
  return Object.entries(message.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().flatMap((each) => [name, each]),
  );
}

/** Names and values together: past 1,000 lines Node 22 and 24 drop whole blocks of them and say nothing. */
const SAFE_LENGTH = 2000;

const WHOLE: Arrival = {};
const CUT: Arrival = { truncated: true };

/** The part of Node's sockets, plain and of TLS, that says who is at the other end. */
export interface NodeSocket {
  readonly remoteAddress?: string | undefined;
  /** Whether the peer's certificate was verified. */
  readonly authorized?: boolean;
  readonly getPeerX509Certificate?: () => { readonly subjectAltName?: string | undefined } | undefined;
}

/** Whether Node may have cut the lines of a request, and who sent it: for a policy that asks, with the socket. */
export function arrivalOfMessage(lines: FieldLines, socket?: NodeSocket): Arrival {
  const cut = lines.length > SAFE_LENGTH;
  if (socket === undefined) return cut ? CUT : WHOLE;
  return { truncated: cut, address: socket.remoteAddress, identities: identitiesOf(socket) };
}

const IDENTITIES = Symbol("names in the peer's certificate, verified");

/** Read once for a connection: to take a certificate apart costs more than a request. */
function identitiesOf(socket: NodeSocket & { [IDENTITIES]?: readonly string[] }): readonly string[] | undefined {
  if (socket.authorized !== true) return undefined;
  return (socket[IDENTITIES] ??= readAltNames(socket.getPeerX509Certificate?.()?.subjectAltName ?? ""));
}

/**
 * The passage of a head like nearly all, out of the view that Node folds it into; undefined for any other, and where only
 * the lines tell: Node joins those of one field by a comma and a blank.
 */
export function passFolded(
  boundary: Boundary,
  message: NodeMessage,
  grant: () => OwnSpans | undefined,
): Passage | undefined {
  const lines = message.rawHeaders?.length ?? 0;
  if (!boundary.policy.plain || lines === 0 || lines > SAFE_LENGTH) return undefined;
  const { traceparent, tracestate, connection } = message.headers;
  if (typeof traceparent !== "string") return undefined;
  if (connection !== undefined && (typeof connection !== "string" || nominatesTrace(connection))) return undefined;
  if (tracestate !== undefined && (typeof tracestate !== "string" || tracestate.includes(", "))) return undefined;
  if (!isPlainTraceparentCold(traceparent)) return undefined;
  return passPlainly(boundary, boundary.policy, traceparent, tracestate, grant);
}

/** Applies the edits to the message itself, so that all of its views agree; without edits nothing is touched. */
export function applyToMessage(message: NodeMessage, edits: Edits): void {
  if (edits.length === 0) return;
  const { rawHeaders } = message;
  // Node folds each view out of rawHeaders when it is first read, by a count of lines it took on arrival. While their
  // number stays, a view that nobody has read yet will be right by itself, and to fold it costs more than the judgement.
  if (rawHeaders !== undefined && replaceValues(rawHeaders, edits)) {
    applyToViews(madeViews(message), edits);
    return;
  }
  const { headers, headersDistinct } = message;
  if (rawHeaders !== undefined && rawHeaders.length > 0) {
    const edited = applyEdits(rawHeaders, edits);
    // In place: on HTTP/2 the property has no setter.
    for (let at = 0; at < edited.length; at += 1) rawHeaders[at] = edited[at] as string;
    rawHeaders.length = edited.length;
  }
  applyToViews({ headers, headersDistinct }, edits);
}

/** Gives each field its new value where there is one line of each; false where not, and then nothing is changed. */
function replaceValues(lines: string[], edits: Edits): boolean {
  const places = areBoth(edits) ? placesAgain(lines) : SCATTERED;
  if (places !== SCATTERED && parentIn(places) > 0 && stateIn(places) > 0) {
    lines[parentIn(places)] = edits[0]?.value as string;
    lines[stateIn(places)] = edits[1]?.value as string;
    return true;
  }
  if (!keepsCount(lines, edits)) return false;
  for (const { name, value } of edits) lines[findField(lines, name) + 1] = value as string;
  return true;
}

/** Whether each edit gives another value to the one line there is of its field. */
function keepsCount(lines: FieldLines, edits: Edits): boolean {
  for (const { name, value } of edits) {
    const at = findField(lines, name);
    if (at < 0 || value === null || findField(lines, name, at + 2) >= 0) return false;
  }
  return true;
}

/** The views there are. */
interface Views {
  readonly headers?: NodeMessage["headers"] | undefined;
  readonly headersDistinct?: NodeMessage["headersDistinct"] | undefined;
}

function applyToViews({ headers, headersDistinct }: Views, edits: Edits): void {
  for (const { name, value } of edits) {
    if (value === null) {
      if (headers !== undefined) Reflect.deleteProperty(headers, name);
      if (headersDistinct !== undefined) Reflect.deleteProperty(headersDistinct, name);
    } else {
      if (headers !== undefined) headers[name] = value;
      if (headersDistinct !== undefined) headersDistinct[name] = [value];
    }
  }
}

/** The properties under which messages of one prototype keep their views; undefined for one that keeps none aside. */
interface ViewKeys {
  readonly headers: symbol | undefined;
  readonly headersDistinct: symbol | undefined;
}

const KEYS = new WeakMap<object, ViewKeys>();

/** The views that are folded already; those of a message whose keys are not known yet all are, to learn them. */
function madeViews(message: NodeMessage): Views {
  const prototype = Object.getPrototypeOf(message) as object | null;
  const keys = prototype === null ? undefined : KEYS.get(prototype);
  if (keys === undefined) {
    if (prototype !== null) KEYS.set(prototype, keysOf(message));
    return message;
  }
  const kept = message as unknown as Kept;
  return {
    headers: keys.headers === undefined ? message.headers : (kept[keys.headers] ?? undefined),
    headersDistinct:
      keys.headersDistinct === undefined ? message.headersDistinct : (kept[keys.headersDistinct] ?? undefined),
  } as Views;
}

/** A view that is not folded yet is null or not there. */
type Kept = Readonly<Record<symbol, object | null | undefined>>;

function keysOf(message: NodeMessage): ViewKeys {
  const { headers, headersDistinct } = message;
  const symbols = Object.getOwnPropertySymbols(message);
  const keyOf = (view: object | undefined): symbol | undefined =>
    view === undefined ? undefined : symbols.find((symbol) => Reflect.get(message, symbol) === view);
  return { headers: keyOf(headers), headersDistinct: keyOf(headersDistinct) };
}
