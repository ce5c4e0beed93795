/** A crossing, told as a SERVER and a CLIENT span by OpenTelemetry's HTTP and RPC conventions. */
import type { Crossing, CrossingFailure, OwnSpans, Upstream } from "@tracemend/context";
import { KNOWN_FLAGS, SAMPLED } from "@tracemend/context";
import type { SpanRecord } from "@tracemend/otlp";
import type { Passed, Try } from "@tracemend/proxy";

type Attributes = Record<string, string | number | boolean>;

/** Longest text taken over from a request: the room for a pair of spans is held before the request is known. */
const MAX_TEXT = 256;

/** What a participant must at least pass on (Trace Context Level 2, 3.3.1.5); a span keeps no longer list. */
const MAX_TRACESTATE = 512;

/** Room that any pair of spans fits in, their resource not counted. Each text of a peer takes at most 2 bytes a character. */
export const PAIR_BYTES = 12_288;

/** Room that a CLIENT span alone fits in. */
export const CLIENT_BYTES = 6_144;

/** `W3C` and `is remote` bits of OTLP's `Span.flags`: bit 8 says bit 9 is known, bit 9 says the parent is remote. */
const REMOTE = 0x300;
export const LOCAL = 0x100;

/** The SERVER span of a crossing, and a CLIENT span for each call of an upstream. `spans`: of the first call. */
export function spansOf(crossing: Passed, spans: OwnSpans): readonly SpanRecord[] {
  const { verdict } = crossing;
  // Where the context is stripped on the way out the spans still belong to the trace that came in.
  const within = verdict.context ?? verdict.from;
  const traceId = within?.traceId ?? spans.traceId;
  const flags = (within?.flags ?? SAMPLED) & KNOWN_FLAGS;
  const times = { startMs: crossing.startMs, endMs: crossing.endMs };
  const whole = within?.tracestate ?? "";
  const tracestate = whole.length > MAX_TRACESTATE ? "" : whole;
  const server: SpanRecord = {
    traceId,
    spanId: spans.serverSpanId,
    ...(verdict.from === undefined ? {} : { parentSpanId: verdict.from.parentId }),
    tracestate,
    flags: flags | REMOTE,
    name: serverNameOf(crossing),
    kind: "server",
    ...times,
    attributes: serverAttributes(crossing),
    ...statusOf(crossing, 500),
    ...linksOf(crossing),
  };
  const shared = { traceId, parentSpanId: spans.serverSpanId, tracestate, flags: flags | LOCAL };
  return [
    server,
    ...callsOf(crossing, spans).map(({ spanId, upstream, startMs, endMs, status, failure, resends }): SpanRecord => {
      const call = { ...crossing, status, failure };
      return {
        ...shared,
        spanId,
        name: nameOf(crossing),
        kind: "client",
        startMs,
        endMs,
        attributes: clientAttributes(call, upstream, resends),
        ...statusOf(call, 400),
      };
    }),
  ];
}

/** What one CLIENT span tells: a try, or several that left under its id. */
interface Call {
  readonly spanId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly upstream: Upstream | undefined;
  readonly status: number | undefined;
  readonly failure: CrossingFailure | undefined;
  readonly resends: number;
}

function callsOf(crossing: Passed, { clientSpanId }: OwnSpans): readonly Call[] {
  const { tries, upstream } = crossing;
  if (tries.length === 0) return upstream === undefined ? [] : [{ ...crossing, spanId: clientSpanId, resends: 0 }];
  const calls: Call[] = [];
  tries.forEach((one: Try, resends) => {
    const before = calls.at(-1);
    if (before === undefined || one.spanId !== undefined)
      calls.push({ ...one, spanId: one.spanId ?? clientSpanId, resends });
    else calls[calls.length - 1] = { ...one, spanId: before.spanId, startMs: before.startMs, resends };
  });
  return calls;
}

/** Low cardinality: the path is an attribute, never the name. */
function nameOf(crossing: Crossing): string {
  return isGrpc(crossing) ? cut(crossing.path.slice(1)) : cut(crossing.method);
}

/** With the route's template where it has one: as few names as there are routes. Source: HTTP conventions, "Name". */
function serverNameOf(crossing: Passed): string {
  const name = nameOf(crossing);
  return isGrpc(crossing) || crossing.template === undefined ? name : `${name} ${cut(crossing.template)}`;
}

function isGrpc(crossing: Crossing): boolean {
  return crossing.grpcStatus !== undefined;
}

function commonAttributes(crossing: Passed): Attributes {
  const attributes: Attributes = {
    "tracemend.boundary": crossing.boundary,
    "tracemend.side": crossing.side,
    "http.request.method": cut(crossing.method),
    "network.protocol.name": "http",
    "network.protocol.version": crossing.protocol === "h2" ? "2" : crossing.protocol.slice(5),
  };
  if (crossing.mirrored === true) attributes["tracemend.mirrored"] = true;
  if (crossing.status !== undefined) attributes["http.response.status_code"] = crossing.status;
  if (crossing.failure !== undefined) attributes["error.type"] = crossing.failure.kind;
  else if (crossing.status !== undefined && crossing.status >= 500) attributes["error.type"] = String(crossing.status);
  if (crossing.grpcStatus !== undefined) {
    const slash = crossing.path.lastIndexOf("/");
    attributes["rpc.system"] = "grpc";
    attributes["rpc.service"] = cut(crossing.path.slice(1, slash));
    attributes["rpc.method"] = cut(crossing.path.slice(slash + 1));
    attributes["rpc.grpc.status_code"] = crossing.grpcStatus;
  }
  return attributes;
}

function serverAttributes(crossing: Passed): Attributes {
  const { reading } = crossing;
  const attributes = commonAttributes(crossing);
  attributes["url.scheme"] = crossing.scheme;
  attributes["url.path"] = cut(crossing.path);
  const { host, port } = hostOf(crossing.authority);
  attributes["server.address"] = cut(host);
  if (port !== undefined) attributes["server.port"] = port;
  if (crossing.template !== undefined) attributes["http.route"] = cut(crossing.template);
  attributes["tracemend.verdict.action"] = crossing.verdict.action;
  attributes["tracemend.verdict.reason"] = crossing.verdict.reason;
  attributes["tracemend.destination.cluster"] = crossing.cluster;
  const source = reading.carried?.cluster ?? (reading.kind === "valid" ? reading.own?.cluster : undefined);
  if (source !== undefined) attributes["tracemend.source.cluster"] = source;
  if (crossing.userAgent !== undefined) attributes["user_agent.original"] = cut(crossing.userAgent);
  if (crossing.requestId !== undefined) attributes["http.request.header.x-request-id"] = cut(crossing.requestId);
  if (crossing.downstream !== undefined) {
    attributes["client.address"] = crossing.downstream.address;
    attributes["network.peer.address"] = crossing.downstream.address;
    attributes["network.peer.port"] = crossing.downstream.port;
  }
  return attributes;
}

function hostOf(authority: string): { readonly host: string; readonly port: number | undefined } {
  const colon = authority.lastIndexOf(":");
  if (colon < 0 || colon < authority.lastIndexOf("]")) return { host: authority, port: undefined };
  const port = Number(authority.slice(colon + 1));
  return { host: authority.slice(0, colon), port: Number.isInteger(port) && port > 0 ? port : undefined };
}

function clientAttributes(crossing: Passed, upstream: Upstream | undefined, resends: number): Attributes {
  const attributes = commonAttributes(crossing);
  if (resends > 0) attributes["http.request.resend_count"] = resends;
  if (crossing.service !== undefined) attributes["peer.service"] = cut(crossing.service);
  if (upstream === undefined) return attributes;
  attributes["server.address"] = upstream.address;
  attributes["server.port"] = upstream.port;
  attributes["network.peer.address"] = upstream.address;
  attributes["network.peer.port"] = upstream.port;
  return attributes;
}

/** A server's own 4xx is no error of the server; for the caller it is. Source: HTTP conventions, "Status". */
function statusOf(crossing: Crossing, from: 400 | 500): Pick<SpanRecord, "status"> {
  const { status, failure, grpcStatus } = crossing;
  const failed = failure !== undefined || (status !== undefined && status >= from) || isGrpcError(grpcStatus, from);
  return failed ? { status: { code: "error" } } : {};
}

/** The gRPC codes that are the server's fault. Source: RPC conventions, "gRPC status". */
const SERVER_ERRORS = new Set([2, 4, 12, 13, 14, 15]);

function isGrpcError(code: number | undefined, from: 400 | 500): boolean {
  if (code === undefined || code === 0) return false;
  return from === 400 || SERVER_ERRORS.has(code);
}

/** A trace that was restarted keeps a link to the one that came in (Trace Context Level 2, section 3.4). */
function linksOf({ verdict: { links, reason } }: Crossing): Pick<SpanRecord, "links"> {
  if (links === undefined || links.length === 0) return {};
  const attributes = { "tracemend.verdict.reason": reason };
  return { links: links.map(({ traceId, parentId }) => ({ traceId, spanId: parentId, attributes })) };
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
}
