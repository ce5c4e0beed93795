/** A crossing as a record that goes to another process: what joins the evidence of borders and services. */
import { formatCarrier } from "./carrier.ts";
import type { Crossing } from "./crossing.ts";
import { formatOwnMember } from "./own-member.ts";
import type { TraceContext } from "./trace-context.ts";
import { formatTraceparent } from "./traceparent.ts";

/** The event name of a crossing's record. */
export const CROSSING_EVENT = "tracemend.crossing";

/** Of every attribute. */
export const CROSSING_PREFIX = "tracemend.crossing.";

type Value = string | number | boolean;

/** What OpenTelemetry's data model of logs holds of it, whatever the encoding. */
export interface CrossingRecord {
  readonly eventName: typeof CROSSING_EVENT;
  /** Epoch milliseconds, fractions allowed. */
  readonly atMs: number;
  readonly observedMs: number;
  readonly severity: "info";
  readonly body: string;
  readonly attributes: readonly (readonly [name: string, value: Value])[];
  /** Of the context that left; absent where none did. */
  readonly traceId?: string;
  readonly spanId?: string;
}

/**
 * Absent values are left out; contexts are written as the lines of their headers. What was edited on the wire is left
 * out: it is no evidence.
 */
export function recordOfCrossing(crossing: Crossing): CrossingRecord {
  const { endMs, verdict } = crossing;
  const { context } = verdict;
  return {
    eventName: CROSSING_EVENT,
    atMs: endMs,
    observedMs: endMs,
    severity: "info",
    body: `${crossing.boundary} ${verdict.action}: ${verdict.reason}`,
    attributes: attributesOf(crossing),
    ...(context === undefined ? {} : { traceId: context.traceId, spanId: context.parentId }),
  };
}

function attributesOf(crossing: Crossing): CrossingRecord["attributes"] {
  const { reading, verdict, spans, downstream, upstream, failure, answer } = crossing;
  const found = reading.kind === "invalid" ? reading.defects : reading.notes;
  const attributes: [name: string, value: Value][] = [];
  const put = (name: string, value: Value | undefined): void => {
    if (value !== undefined) attributes.push([wholeName(name), value]);
  };
  const putContext = (name: string, stateName: string, context: TraceContext | undefined): void => {
    if (context === undefined) return;
    put(name, formatTraceparent(context));
    if (context.tracestate !== "") put(stateName, context.tracestate);
  };
  put("boundary", crossing.boundary);
  put("side", crossing.side);
  put("cluster", crossing.cluster);
  put("start", crossing.startMs);
  put("end", crossing.endMs);
  put("protocol", crossing.protocol);
  put("scheme", crossing.scheme);
  put("method", crossing.method);
  put("path", crossing.path);
  put("authority", crossing.authority);
  put("user-agent", crossing.userAgent);
  put("request-id", crossing.requestId);
  put("status", crossing.status);
  put("grpc-status", crossing.grpcStatus);
  put("reading", reading.kind);
  if (found.length > 0) put("found", found.map(({ code }) => code).join(" "));
  put("formats", reading.foreign?.found.map(({ format }) => format.name).join(" "));
  put("carrier", reading.carried && formatCarrier({ ...reading.carried, original: undefined }));
  put("action", verdict.action);
  put("reason", verdict.reason);
  put("own-parent", verdict.ownParent);
  put("repaired", verdict.repaired?.join(" "));
  put("reported", verdict.reported?.join(" "));
  putContext("from", "from.state", verdict.from);
  putContext("sent", "sent.state", verdict.context);
  put("downstream.address", downstream?.address);
  put("downstream.port", downstream?.port);
  put("upstream.name", upstream?.name);
  put("upstream.address", upstream?.address);
  put("upstream.port", upstream?.port);
  put("upstream.local-port", upstream?.localPort);
  put("span.trace", spans?.traceId);
  put("span.server", spans?.serverSpanId);
  put("span.client", spans?.clientSpanId);
  put("failure.kind", failure?.kind);
  put("failure.side", failure?.side);
  put("answer.trace", answer?.traceId);
  put("answer.span", answer?.spanId);
  put("answer.flags", answer?.flags);
  if (reading.kind === "valid") {
    putContext("came", "came.state", reading.context);
    put("came.wire", reading.wire);
    put("came.member", reading.own && formatOwnMember(reading.own));
  }
  return attributes;
}

/** Names are few and come with every record: one that was joined anew would be hashed anew by whoever looks it up. */
const NAMES = new Map<string, string>();

function wholeName(name: string): string {
  const known = NAMES.get(name);
  if (known !== undefined) return known;
  const whole = CROSSING_PREFIX + name;
  NAMES.set(name, whole);
  return whole;
}
