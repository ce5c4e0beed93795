/** What a root span says about the request that began it: whether it begins a trace by right, and joins without guessing. */
import type { AttributeValue, SpanView } from "@tracemend/otlp";
import { defineAttributeKeys } from "@tracemend/otlp";
import { isProbe } from "./probe.ts";

/** One object for all spans: to be read before the next span. */
export interface RootFacts {
  /** A probe, a scrape or a health check. */
  legitimate: boolean;
  /** The caller's port; 0 where none is given. */
  peerPort: number;
  /** "" where none is given. */
  requestId: string;
  /** As it was asked for, without a query; "" where only a route or nothing is given. */
  path: string;
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
const RPC_KEYS: readonly string[] = ["rpc.service"];

const GROUPS: readonly (readonly string[])[] = [USER_AGENT_KEYS, TARGET_KEYS, PORT_KEYS, REQUEST_ID_KEYS, RPC_KEYS];
const KEYS = defineAttributeKeys(GROUPS.flat());
const TARGETS_AT: number = USER_AGENT_KEYS.length;
/** A route is a pattern of paths. */
const ROUTE_AT: number = TARGETS_AT + 2;
const PORTS_AT: number = TARGETS_AT + TARGET_KEYS.length;
const REQUEST_IDS_AT: number = PORTS_AT + PORT_KEYS.length;
const RPC_AT: number = REQUEST_IDS_AT + REQUEST_ID_KEYS.length;

const values: (AttributeValue | undefined)[] = [];
const facts: RootFacts = { legitimate: false, peerPort: 0, requestId: "", path: "" };

export function readRoot(span: SpanView): RootFacts {
  span.attributes(KEYS, values);
  const target = firstText(TARGETS_AT, PORTS_AT);
  facts.legitimate =
    isProbe(firstText(0, TARGETS_AT), target === undefined ? undefined : withoutQuery(target)) ||
    values[RPC_AT] === "grpc.health.v1.Health";
  facts.peerPort = firstPort();
  facts.requestId = firstText(REQUEST_IDS_AT, RPC_AT) ?? "";
  facts.path = withoutQuery(firstText(TARGETS_AT, ROUTE_AT) ?? "");
  return facts;
}

function firstText(from: number, until: number): string | undefined {
  for (let at = from; at < until; at += 1) {
    const value = values[at];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

function firstPort(): number {
  for (let at = PORTS_AT; at < REQUEST_IDS_AT; at += 1) {
    const value = values[at];
    const port = typeof value === "string" ? Number(value) : value;
    if (typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65_536) return port;
  }
  return 0;
}

function withoutQuery(target: string): string {
  const at = target.indexOf("?");
  return at < 0 ? target : target.slice(0, at);
}
