/** A crossing, told as a SERVER and a CLIENT span by OpenTelemetry's HTTP and RPC conventions. */
import type { OwnSpans, TraceContext, Upstream } from "@tracemend/context";
import { KNOWN_FLAGS, SAMPLED } from "@tracemend/context";
import type { FixedAttributes, SpanPen } from "@tracemend/otlp";
import { GRPC_STATUS_NAMES, defineAttributeName, defineFixedAttributes } from "@tracemend/otlp";
import { formatEndpoint } from "@tracemend/proxy";
import type { Passed, Try } from "@tracemend/proxy";

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

const METHOD_ORIGINAL = defineAttributeName("http.request.method_original");
const STATUS = defineAttributeName("http.response.status_code");
const RESENDS = defineAttributeName("http.request.resend_count");
const ROUTE = defineAttributeName("http.route");
const REQUEST_ID = defineAttributeName("http.request.header.x-request-id");
const USER_AGENT = defineAttributeName("user_agent.original");
const ERROR_TYPE = defineAttributeName("error.type");
const URL_FULL = defineAttributeName("url.full");
const URL_PATH = defineAttributeName("url.path");
const URL_QUERY = defineAttributeName("url.query");
const SERVER_ADDRESS = defineAttributeName("server.address");
const SERVER_PORT = defineAttributeName("server.port");
const CLIENT_ADDRESS = defineAttributeName("client.address");
const PEER_ADDRESS = defineAttributeName("network.peer.address");
const PEER_PORT = defineAttributeName("network.peer.port");
const PEER_SERVICE = defineAttributeName("peer.service");
const RPC_METHOD = defineAttributeName("rpc.method");
const RPC_METHOD_ORIGINAL = defineAttributeName("rpc.method_original");
const RPC_STATUS = defineAttributeName("rpc.status_code");
const SOURCE_CLUSTER = defineAttributeName("tracemend.source.cluster");

const TRANSPORT = defineFixedAttributes({ "network.transport": "tcp" });
const RPC = defineFixedAttributes({ "rpc.system.name": "grpc" });
const OTHER_RPC_METHOD = defineFixedAttributes({ "rpc.method": "_OTHER" });
const OTHER_METHOD = defineFixedAttributes({ "http.request.method": "_OTHER" });
const MIRRORED = defineFixedAttributes({ "tracemend.mirrored": true });

// Of these there are as many as the configuration names, or as a closed union has.
const knownMethod = fixedBy((name) => ({ "http.request.method": name }));
const boundary = fixedBy((name) => ({ "tracemend.boundary": name }));
const side = fixedBy((name) => ({ "tracemend.side": name }));
const scheme = fixedBy((name) => ({ "url.scheme": name }));
const action = fixedBy((name) => ({ "tracemend.verdict.action": name }));
const reason = fixedBy((name) => ({ "tracemend.verdict.reason": name }));
const destination = fixedBy((name) => ({ "tracemend.destination.cluster": name }));
const protocol = fixedBy((name) => ({
  "network.protocol.name": "http",
  "network.protocol.version": name === "h2" ? "2" : name.slice("http/".length),
}));

/** Source: HTTP conventions, `http.request.method`. Callers make up others without end. */
const METHODS = new Set("CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE".split(" "));

function fixedBy(attributesOf: (name: string) => Record<string, string>): (name: string) => FixedAttributes {
  const held = new Map<string, FixedAttributes>();
  return (name) => {
    const found = held.get(name);
    if (found !== undefined) return found;
    const made = defineFixedAttributes(attributesOf(name));
    held.set(name, made);
    return made;
  };
}

/** The SERVER span of a crossing, and a CLIENT span for each call of an upstream. `spans`: of the first call. */
export function writeSpans(pen: SpanPen, crossing: Passed, spans: OwnSpans): void {
  const { verdict } = crossing;
  open(pen, crossing, spans, spans.serverSpanId);
  if (verdict.from !== undefined) pen.parent(verdict.from.parentId);
  pen.what(serverNameOf(crossing), "server", crossing.startMs, crossing.endMs);
  writeCommon(pen, crossing, crossing, 500, crossing.protocol);
  writeServer(pen, crossing);
  // A trace that was restarted keeps a link to the one that came in (Trace Context Level 2, section 3.4).
  for (const { traceId, parentId } of verdict.links ?? NO_LINKS)
    pen.link({ traceId, spanId: parentId, attributes: reason(verdict.reason).attributes });
  close(pen, crossing, crossing, 500, REMOTE);
  writeCalls(pen, crossing, spans);
}

const NO_LINKS: readonly TraceContext[] = [];

type Outcome = Pick<Try, "status" | "grpcStatus" | "failure">;
type Called = Outcome & Pick<Try, "upstream" | "endMs">;

/** Whether there is a CLIENT span. */
export function isCalled({ tries, upstream }: Passed): boolean {
  return tries.length > 0 || upstream !== undefined;
}

/** The CLIENT spans alone. Tries that left under one id are one call. */
export function writeCalls(pen: SpanPen, crossing: Passed, spans: OwnSpans): void {
  const { tries, startMs } = crossing;
  const { clientSpanId } = spans;
  if (!isCalled(crossing)) return;
  if (tries.length === 0) return writeCall(pen, crossing, spans, clientSpanId, startMs, crossing, 0);
  let first: Try | undefined;
  tries.forEach((one, resends) => {
    first ??= one;
    const next = tries[resends + 1];
    if (next !== undefined && next.spanId === undefined) return;
    writeCall(pen, crossing, spans, first.spanId ?? clientSpanId, first.startMs, one, resends);
    first = undefined;
  });
}

function writeCall(
  pen: SpanPen,
  crossing: Passed,
  spans: OwnSpans,
  spanId: string,
  startMs: number,
  called: Called,
  resends: number,
): void {
  const { upstream } = called;
  open(pen, crossing, spans, spanId);
  pen.parent(spans.serverSpanId);
  pen.what(nameOf(crossing), "client", startMs, called.endMs);
  if (isTunnel(crossing)) writeConnect(pen, crossing, called);
  else writeCommon(pen, crossing, called, 400, upstream?.protocol);
  if (resends > 0) pen.number(RESENDS, resends);
  if (crossing.service !== undefined) pen.text(PEER_SERVICE, cut(crossing.service));
  if (upstream !== undefined) {
    writeUrl(pen, crossing, upstream);
    pen.text(SERVER_ADDRESS, cut(upstream.host ?? upstream.address));
    pen.number(SERVER_PORT, upstream.port);
    pen.text(PEER_ADDRESS, upstream.address);
    pen.number(PEER_PORT, upstream.port);
  }
  close(pen, crossing, called, 400, LOCAL);
}

/** Source: HTTP conventions, `url.full`. It is cut like any text. */
function writeUrl(pen: SpanPen, crossing: Passed, { host, address, port }: Upstream): void {
  const { sentScheme: scheme, sentPath: path = crossing.path, query } = crossing;
  if (scheme === undefined || isTunnel(crossing) || !path.startsWith("/")) return;
  const endpoint = formatEndpoint(host ?? address, port);
  const authority = port === DEFAULT_PORTS[scheme] ? endpoint.slice(0, endpoint.lastIndexOf(":")) : endpoint;
  pen.text(URL_FULL, cut(`${scheme}://${authority}${path}${query === undefined ? "" : `?${query}`}`));
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

function open(pen: SpanPen, crossing: Passed, spans: OwnSpans, spanId: string): void {
  const within = traceOf(crossing);
  pen.open(within?.traceId ?? spans.traceId, spanId);
  const whole = within?.tracestate ?? "";
  pen.tracestate(whole.length > MAX_TRACESTATE ? "" : whole);
}

/** Where the context is stripped on the way out the spans still belong to the trace that came in. */
function traceOf({ verdict }: Passed): TraceContext | undefined {
  return verdict.context ?? verdict.from;
}

/** A server's own 4xx is no error of the server; for the caller it is. Source: HTTP conventions, "Status". */
function close(pen: SpanPen, crossing: Passed, outcome: Outcome, from: 400 | 500, remote: number): void {
  const { status, grpcStatus, failure } = outcome;
  const failed = failure !== undefined || (status !== undefined && status >= from);
  if (failed || isGrpcError(grpcStatus, from)) pen.status("error");
  pen.flags(((traceOf(crossing)?.flags ?? SAMPLED) & KNOWN_FLAGS) | remote);
  pen.close();
}

/** The gRPC codes that are the server's fault. Source: RPC conventions, "gRPC status". */
const SERVER_ERRORS = new Set([2, 4, 12, 13, 14, 15]);

function isGrpcError(code: number | undefined, from: 400 | 500): code is number {
  if (code === undefined || code === 0) return false;
  return from === 400 || SERVER_ERRORS.has(code);
}

function grpcNameOf(code: number): string {
  return GRPC_STATUS_NAMES[code] ?? String(code);
}

const UNIMPLEMENTED = 12;

/** Whether a service knew the method: callers make up others without end. Source: RPC conventions, `rpc.method`. */
function isKnownCall({ grpcStatus }: Passed): boolean {
  return grpcStatus !== UNIMPLEMENTED;
}

/** Low cardinality: the path is an attribute, never the name. */
function nameOf(crossing: Passed): string {
  if (isGrpc(crossing)) return isKnownCall(crossing) ? cut(crossing.path.slice(1)) : "grpc";
  return METHODS.has(crossing.method) ? crossing.method : "HTTP";
}

/** With the route's template where it has one: as few names as there are routes. Source: HTTP conventions, "Name". */
function serverNameOf(crossing: Passed): string {
  const name = nameOf(crossing);
  return isGrpc(crossing) || crossing.template === undefined ? name : `${name} ${cut(crossing.template)}`;
}

/** Toward the upstream it is TCP and nothing else. */
function isTunnel({ method }: Passed): boolean {
  return method === "CONNECT";
}

function isGrpc({ grpcStatus }: Passed): boolean {
  return grpcStatus !== undefined;
}

function writeConnect(pen: SpanPen, crossing: Passed, { failure }: Outcome): void {
  pen.fixed(boundary(crossing.boundary));
  pen.fixed(side(crossing.side));
  pen.fixed(TRANSPORT);
  if (failure !== undefined) pen.text(ERROR_TYPE, failure.kind);
}

/** `from`: the least status that is an error to this side. `spoken`: with the peer of this span. */
function writeCommon(
  pen: SpanPen,
  crossing: Passed,
  { status, grpcStatus, failure }: Outcome,
  from: 400 | 500,
  spoken: Passed["protocol"] | undefined,
): void {
  pen.fixed(boundary(crossing.boundary));
  pen.fixed(side(crossing.side));
  writeMethod(pen, crossing.method);
  if (spoken !== undefined) pen.fixed(protocol(spoken));
  if (crossing.mirrored === true) pen.fixed(MIRRORED);
  if (status !== undefined) pen.number(STATUS, status);
  if (failure !== undefined) pen.text(ERROR_TYPE, failure.kind);
  else if (status !== undefined && status >= from) pen.text(ERROR_TYPE, String(status));
  else if (isGrpcError(grpcStatus, from)) pen.text(ERROR_TYPE, grpcNameOf(grpcStatus));
  if (isGrpc(crossing)) writeRpc(pen, crossing, grpcStatus);
}

/** Source: RPC conventions 1.45. */
function writeRpc(pen: SpanPen, crossing: Passed, grpcStatus: number | undefined): void {
  const isKnown = isKnownCall(crossing);
  pen.fixed(RPC);
  if (!isKnown) pen.fixed(OTHER_RPC_METHOD);
  pen.text(isKnown ? RPC_METHOD : RPC_METHOD_ORIGINAL, cut(crossing.path.slice(1)));
  if (grpcStatus !== undefined) pen.text(RPC_STATUS, grpcNameOf(grpcStatus));
}

function writeMethod(pen: SpanPen, method: string): void {
  if (METHODS.has(method)) return pen.fixed(knownMethod(method));
  pen.fixed(OTHER_METHOD);
  pen.text(METHOD_ORIGINAL, cut(method));
}

function writeServer(pen: SpanPen, crossing: Passed): void {
  const { reading, verdict, downstream } = crossing;
  pen.fixed(scheme(crossing.scheme));
  if (crossing.path !== "") pen.text(URL_PATH, cut(crossing.path));
  if (crossing.query !== undefined) pen.text(URL_QUERY, cut(crossing.query));
  writeHost(pen, crossing.authority);
  if (crossing.template !== undefined) pen.text(ROUTE, cut(crossing.template));
  pen.fixed(action(verdict.action));
  pen.fixed(reason(verdict.reason));
  pen.fixed(destination(crossing.cluster));
  const source = reading.carried?.cluster ?? (reading.kind === "valid" ? reading.own?.cluster : undefined);
  if (source !== undefined) pen.text(SOURCE_CLUSTER, source);
  if (crossing.userAgent !== undefined) pen.text(USER_AGENT, cut(crossing.userAgent));
  if (crossing.requestId !== undefined) pen.text(REQUEST_ID, cut(crossing.requestId));
  if (downstream === undefined) return;
  pen.text(CLIENT_ADDRESS, downstream.address);
  pen.text(PEER_ADDRESS, downstream.address);
  pen.number(PEER_PORT, downstream.port);
}

function writeHost(pen: SpanPen, authority: string): void {
  const colon = authority.lastIndexOf(":");
  const alone = colon < 0 || colon < authority.lastIndexOf("]");
  pen.text(SERVER_ADDRESS, cut(alone ? authority : authority.slice(0, colon)));
  const port = alone ? 0 : Number(authority.slice(colon + 1));
  if (Number.isInteger(port) && port > 0) pen.number(SERVER_PORT, port);
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
}
