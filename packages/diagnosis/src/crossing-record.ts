/** Crossings as log records in OTLP: what lets a central tier join the evidence of many borders. */
import type { Crossing, TraceContext } from "@tracemend/context";
import { formatCarrier, formatOwnMember, formatTraceparent } from "@tracemend/context";
import type { AttributeValue, Attributes, Batch, LogRecord } from "@tracemend/otlp";
import { encodeLogs } from "@tracemend/otlp";

const SCOPE = { name: "@tracemend/diagnosis", version: "1" };

/** The event name of a crossing's record. */
export const CROSSING_EVENT = "tracemend.crossing";

/** One record for each crossing. What was edited on the wire is left out: it is no evidence. */
export function encodeCrossings(resource: Attributes, crossings: readonly Crossing[]): Batch {
  return encodeLogs(resource, SCOPE, crossings.map(encodeCrossing));
}

/** Absent values are left out; contexts are written as the lines of their headers. */
export function encodeCrossing(crossing: Crossing): LogRecord {
  const { reading, verdict, spans, downstream, upstream, failure, answer } = crossing;
  const { context } = verdict;
  const found = reading.kind === "invalid" ? reading.defects : reading.notes;
  const attributes: Record<string, AttributeValue | undefined> = {
    boundary: crossing.boundary,
    side: crossing.side,
    cluster: crossing.cluster,
    start: crossing.startMs,
    end: crossing.endMs,
    protocol: crossing.protocol,
    scheme: crossing.scheme,
    method: crossing.method,
    path: crossing.path,
    authority: crossing.authority,
    "user-agent": crossing.userAgent,
    "request-id": crossing.requestId,
    status: crossing.status,
    "grpc-status": crossing.grpcStatus,
    reading: reading.kind,
    found: found.map(({ code }) => code).join(" "),
    formats: reading.foreign?.found.map(({ format }) => format.name).join(" "),
    carrier: reading.carried && formatCarrier({ ...reading.carried, original: undefined }),
    action: verdict.action,
    reason: verdict.reason,
    "own-parent": verdict.ownParent,
    repaired: verdict.repaired?.join(" "),
    reported: verdict.reported?.join(" "),
    ...contextAttributes("from", verdict.from),
    ...contextAttributes("sent", context),
    "downstream.address": downstream?.address,
    "downstream.port": downstream?.port,
    "upstream.name": upstream?.name,
    "upstream.address": upstream?.address,
    "upstream.port": upstream?.port,
    "upstream.local-port": upstream?.localPort,
    "span.trace": spans?.traceId,
    "span.server": spans?.serverSpanId,
    "span.client": spans?.clientSpanId,
    "failure.kind": failure?.kind,
    "failure.side": failure?.side,
    "answer.trace": answer?.traceId,
    "answer.span": answer?.spanId,
    "answer.flags": answer?.flags,
  };
  if (reading.kind === "valid") {
    Object.assign(attributes, contextAttributes("came", reading.context));
    attributes["came.wire"] = reading.wire;
    attributes["came.member"] = reading.own && formatOwnMember(reading.own);
  }
  const named = Object.entries(attributes).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined);
  return {
    eventName: CROSSING_EVENT,
    atMs: crossing.endMs,
    observedMs: crossing.endMs,
    severity: "info",
    body: `${crossing.boundary} ${verdict.action}: ${verdict.reason}`,
    attributes: Object.fromEntries(named.map(([key, value]) => [CROSSING_PREFIX + key, value])),
    ...(context === undefined ? {} : { traceId: context.traceId, spanId: context.parentId }),
  };
}

/** Of every attribute. */
export const CROSSING_PREFIX = "tracemend.crossing.";

function contextAttributes(
  name: string,
  context: TraceContext | undefined,
): Readonly<Record<string, string | undefined>> {
  return {
    [name]: context && formatTraceparent(context),
    [`${name}.state`]: context?.tracestate === "" ? undefined : context?.tracestate,
  };
}
