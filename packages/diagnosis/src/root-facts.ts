/** What a root span says about the request that began it: whether it begins a trace by right, and joins without guessing. */
import type { SpanView } from "@tracemend/otlp";
import { FoundAttributes, defineAttributeKeys } from "@tracemend/otlp";
import { SHORT_START, addByte, addBytes, endShort } from "./hash.ts";
import { methodBits, namedStatusBits, statusBits } from "./outcome.ts";
import { isProbeAgent, isProbePath, mayBeProbeAgent, mayBeProbePath } from "./probe.ts";

/** One object for all spans: to be read before the next span. */
export interface RootFacts {
  /** A probe, a scrape or a health check. */
  legitimate: boolean;
  /** The caller's port; 0 where none is given. */
  peerPort: number;
  /** "" where none is given. */
  requestId: string;
  /** The hash of the path as it was asked for, without a query, or of the gRPC method; 0 where neither is given. */
  path: number;
  /** Its method and status, as far as they are given; see `outcome.ts`. */
  outcome: number;
}

/** Attribute names of the OpenTelemetry HTTP and RPC conventions, new and old, and of service meshes; the surest first. */
const USER_AGENT_KEYS: readonly string[] = ["user_agent.original", "http.user_agent"];
const TARGET_KEYS: readonly string[] = ["url.path", "http.target", "http.route"];
const PORT_KEYS: readonly string[] = ["network.peer.port", "net.sock.peer.port", "net.peer.port"];
const REQUEST_ID_KEYS: readonly string[] = [
  "http.request.header.x-request-id",
  "http.request.header.x_request_id",
  "guid:x-request-id",
  "request_id",
  "request.id",
];
/** A method with its service before it is what the conventions ask for since 1.45; one without is of before. */
const RPC_KEYS: readonly string[] = ["rpc.method", "rpc.service"];
const METHOD_KEYS: readonly string[] = ["http.request.method", "http.method"];
/** A gRPC status was a number up to the conventions of 1.37, and is a name since. */
const STATUS_KEYS: readonly string[] = [
  "rpc.status_code",
  "rpc.response.status_code",
  "rpc.grpc.status_code",
  "http.response.status_code",
  "http.status_code",
];

const GROUPS: readonly (readonly string[])[] = [
  USER_AGENT_KEYS,
  TARGET_KEYS,
  PORT_KEYS,
  REQUEST_ID_KEYS,
  RPC_KEYS,
  METHOD_KEYS,
  STATUS_KEYS,
];
const KEYS = defineAttributeKeys(GROUPS.flat());
const TARGETS_AT: number = USER_AGENT_KEYS.length;
/** A route is a pattern of paths. */
const ROUTE_AT: number = TARGETS_AT + 2;
const PORTS_AT: number = TARGETS_AT + TARGET_KEYS.length;
const REQUEST_IDS_AT: number = PORTS_AT + PORT_KEYS.length;
const RPC_METHOD_AT: number = REQUEST_IDS_AT + REQUEST_ID_KEYS.length;
const RPC_SERVICE_AT: number = RPC_METHOD_AT + 1;
const METHODS_AT: number = RPC_METHOD_AT + RPC_KEYS.length;
const STATUSES_AT: number = METHODS_AT + METHOD_KEYS.length;

const found = new FoundAttributes();
const facts: RootFacts = { legitimate: false, peerPort: 0, requestId: "", path: 0, outcome: 0 };

/** Nearly every root is read and few are probes: texts stay bytes as far as can be. */
export function readRoot(span: SpanView): RootFacts {
  span.attributes(KEYS, found);
  const target = firstText(TARGETS_AT, PORTS_AT);
  const stop = target === NONE ? 0 : firstOf(QUERY);
  const mayBeProbe = target !== NONE && mayBeProbePath(stop - found.textStart);
  facts.path = target === NONE || target === ROUTE_AT ? methodHash() : pathHash(stop);
  facts.legitimate = (mayBeProbe && isProbePath(withoutQuery(textOf(target)))) || isProbeCaller() || isHealthCheck();
  facts.peerPort = firstPort();
  facts.outcome = methodOf() | statusOf();
  facts.requestId = textOf(firstText(REQUEST_IDS_AT, RPC_METHOD_AT));
  return facts;
}

function isProbeCaller(): boolean {
  const agent = firstText(0, TARGETS_AT);
  return agent !== NONE && mayBeProbeAgent(found.bytes[found.textStart] as number) && isProbeAgent(textOf(agent));
}

function isHealthCheck(): boolean {
  // Nearly no root has either.
  if (found.isText(RPC_SERVICE_AT) && textOf(RPC_SERVICE_AT) === HEALTH) return true;
  return found.isText(RPC_METHOD_AT) && textOf(RPC_METHOD_AT).startsWith(HEALTH_METHODS);
}

const HEALTH = "grpc.health.v1.Health";
const HEALTH_METHODS: string = `${HEALTH}/`;

const NONE = -1;

/** The place of the first that is a text and not empty, which is the one that was found last then. */
function firstText(from: number, until: number): number {
  for (let at = from; at < until; at += 1) if (found.isText(at) && found.textStop > found.textStart) return at;
  return NONE;
}

function textOf(place: number): string {
  const value = place === NONE ? "" : found.value(place);
  return typeof value === "string" ? value : "";
}

function firstPort(): number {
  for (let at = PORTS_AT; at < REQUEST_IDS_AT; at += 1) {
    const value = found.value(at);
    const port = typeof value === "string" ? Number(value) : value;
    if (typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65_536) return port;
  }
  return 0;
}

function methodOf(): number {
  if (firstText(METHODS_AT, STATUSES_AT) === NONE) return 0;
  return methodBits(found.textStop - found.textStart, found.bytes[found.textStart] as number);
}

function statusOf(): number {
  for (let at = STATUSES_AT; at < KEYS.count; at += 1) {
    const value = found.value(at);
    if (typeof value === "number") return statusBits(value);
    if (typeof value === "string") return namedStatusBits(value);
  }
  return 0;
}

/** Of the text that was found last, up to `stop`. */
function pathHash(stop: number): number {
  return stop === found.textStart ? 0 : endShort(addBytes(SHORT_START, found.bytes, found.textStart, stop));
}

/** Of `/package.Service/Method`, which is the path that gRPC asks for; 0 where the span tells no method. */
function methodHash(): number {
  if (!found.isText(RPC_METHOD_AT)) return 0;
  const { bytes, textStart, textStop } = found;
  let hash = addByte(SHORT_START, SLASH);
  if (firstOf(SLASH) === textStop) {
    if (!found.isText(RPC_SERVICE_AT)) return 0;
    hash = addByte(addBytes(hash, bytes, found.textStart, found.textStop), SLASH);
  }
  return endShort(addBytes(hash, bytes, textStart, textStop));
}

const SLASH: number = "/".charCodeAt(0);

/** Where the byte first stands in the text that was found last; where that ends if it does not. */
function firstOf(byte: number): number {
  const { bytes, textStart, textStop } = found;
  for (let at = textStart; at < textStop; at += 1) if (bytes[at] === byte) return at;
  return textStop;
}

const QUERY: number = "?".charCodeAt(0);

function withoutQuery(target: string): string {
  const at = target.indexOf("?");
  return at < 0 ? target : target.slice(0, at);
}
