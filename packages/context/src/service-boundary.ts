/** The boundary at a service's own door: what its middleware does, whatever the framework. */
import type { Boundary } from "./boundary.ts";
import { cross, defineBoundary } from "./boundary.ts";
import type { Exchanged, Observer, WaitUntil } from "./crossing.ts";
import { crossingOf, tellAll } from "./crossing.ts";
import type { PolicyOptions } from "./define-policy.ts";
import type { FieldLines } from "./field-lines.ts";
import type { OwnSpans } from "./judge.ts";
import type { NodeMessage, NodeSocket } from "./node-message.ts";
import { arrivalOfMessage, linesOfMessage, passFolded } from "./node-message.ts";
import type { Passage } from "./passage.ts";
import type { Policy } from "./policy.ts";
import type { TraceResponse } from "./traceresponse.ts";
import { formatTraceresponse, parseTraceresponse } from "./traceresponse.ts";

/** A field of the answer that names the span which served the request. */
export type AnswerField = "traceresponse" | "server-timing";

/** The shape of OpenTelemetry's `SpanContext`. */
export interface ServingSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

export interface ServiceBoundaryOptions {
  /** A boundary that is defined already, or the parts of one of side `ingress`. */
  readonly boundary: Boundary | { readonly name: string; readonly cluster: string; readonly policy?: PolicyOptions };
  /** Told of every request after its answer has ended. What it throws stays there. */
  readonly observer?: Observer | undefined;
  /**
   * Spans of our own for one request, given only when they are sure to be exported; without this option, or where it
   * gives undefined or throws, the parent id stays the caller's. The observer finds them in the `Crossing`.
   */
  readonly spans?: (() => OwnSpans | undefined) | undefined;
  /** What the answer says. Nothing is sent where no span is known to have served the request. Default: nothing. */
  readonly answer?: readonly AnswerField[] | undefined;
  /** The span of another tracer that serves this request, such as `() => trace.getActiveSpan()?.spanContext()`. */
  readonly servedBy?: (() => ServingSpan | undefined) | undefined;
  /** Epoch milliseconds, fractions allowed. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** A message and who sent it. */
export interface ReceivedMessage extends NodeMessage {
  readonly socket: NodeSocket;
}

export interface ServiceBoundary {
  readonly boundary: Boundary;
  readonly now: () => number;
  /** The only fields it reads, lower case; undefined where it may read any. */
  readonly fields: readonly string[] | undefined;
  /** Reads and judges one head. */
  cross(lines: FieldLines): Passage;
  /** The same for a message of Node's, with the peer where the policy asks who sent it. */
  crossMessage(message: ReceivedMessage): Passage;
  /** The same for a message whose `headers` will be read anyway: to look there is cheaper than to search the lines. */
  crossFolded(message: ReceivedMessage): Passage;
  /** Whether anyone is to be told. */
  readonly observed: boolean;
  /** Tells the observer, at the end of the answer. */
  tell(passage: Passage, exchanged: Exchanged, waitUntil?: WaitUntil): void;
  readonly answers: boolean;
  /** The fields for the answer, to be asked for while the request's own span is active. */
  answer(passage: Passage): readonly (readonly [field: AnswerField, value: string])[];
}

/** Throws a `TypeError` that names the option and the value. */
export function defineServiceBoundary(options: ServiceBoundaryOptions): ServiceBoundary {
  const { observer, spans, answer = [], servedBy = () => undefined, now = Date.now } = options;
  const boundary =
    "side" in options.boundary ? options.boundary : defineBoundary({ side: "ingress", ...options.boundary });
  for (const field of answer)
    if (!ANSWER_FIELDS.includes(field))
      throw new TypeError(`answer has ${JSON.stringify(field)}; it must be one of ${ANSWER_FIELDS.join(", ")}`);
  const observers = tellAll(observer === undefined ? [] : [observer]);
  const grant = spans === undefined ? () => undefined : (): OwnSpans | undefined => attempt(spans);
  const asksPeer = boundary.policy.rule !== undefined;
  const crossMessage = (message: ReceivedMessage): Passage => {
    const lines = linesOfMessage(message);
    return cross(boundary, lines, grant, arrivalOfMessage(lines, asksPeer ? message.socket : undefined));
  };
  return {
    boundary,
    now,
    fields: fieldsOf(boundary.policy),
    cross: (lines) => cross(boundary, lines, grant),
    crossMessage,
    crossFolded: (message) => passFolded(boundary, message, grant) ?? crossMessage(message),
    observed: observer !== undefined,
    tell(passage, exchanged, waitUntil) {
      observers.crossed(crossingOf(passage, exchanged), waitUntil);
    },
    answers: answer.length > 0,
    answer(passage) {
      const response = ownResponse(passage) ?? responseOf(attempt(servedBy));
      if (response === undefined) return [];
      const value = formatTraceresponse(response);
      return answer.map((field) => [field, field === "traceresponse" ? value : `traceparent;desc="${value}"`]);
    },
  };
}

const ANSWER_FIELDS: readonly AnswerField[] = ["traceresponse", "server-timing"];

function fieldsOf({ foreign, lookAside, rule, carrier }: Policy): readonly string[] | undefined {
  if (foreign !== undefined || lookAside !== undefined || rule !== undefined) return undefined;
  const own = ["traceparent", "tracestate", "connection"];
  return carrier === undefined ? own : [...own, carrier.field];
}

/** What the service's owner plugged in has no say in the request. */
function attempt<T>(source: () => T | undefined): T | undefined {
  try {
    return source();
  } catch {
    return undefined;
  }
}

function ownResponse({ verdict, spans }: Passage): TraceResponse | undefined {
  const { context } = verdict;
  if (!verdict.ownParent || spans === undefined || context === undefined) return undefined;
  return { traceId: context.traceId, spanId: spans.serverSpanId, flags: context.flags };
}

/** A tracer without an SDK behind it gives ids that are all zero. */
function responseOf(span: ServingSpan | undefined): TraceResponse | undefined {
  if (span === undefined) return undefined;
  return parseTraceresponse(
    formatTraceresponse({ traceId: span.traceId, spanId: span.spanId, flags: span.traceFlags }),
  );
}
