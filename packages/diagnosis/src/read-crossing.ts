/** Reads crossings back from the log records that other borders wrote of them. */
import type { Action, Crossing, Reading, Reason, RepairName, TraceContext, Verdict } from "@tracemend/context";
import {
  CROSSING_EVENT,
  CROSSING_PREFIX,
  DEFECT_CODES,
  FORMATS,
  NO_EDITS,
  defectOf,
  parseCarrier,
  parseOwnMember,
  parseTraceparent,
} from "@tracemend/context";
import type { Batch, LogView } from "@tracemend/otlp";
import { forEachLog } from "@tracemend/otlp";

export interface ReadCrossings {
  readonly crossings: readonly Crossing[];
  /** Records of crossings that cannot be read. Other records are passed over. */
  readonly malformed: number;
}

/** Never throws, whatever the bytes hold, as long as their framing is proven. */
export function decodeCrossings(batch: Batch): ReadCrossings {
  const crossings: Crossing[] = [];
  let malformed = 0;
  forEachLog(batch, (log) => {
    if (log.eventName() !== CROSSING_EVENT) return;
    const crossing = decodeCrossing(log);
    if (crossing === undefined) malformed += 1;
    else crossings.push(crossing);
  });
  return { crossings, malformed };
}

const ACTIONS: readonly Action[] = ["preserve", "repair", "restart", "start", "strip"];

/** Every reason there is: the compiler sees to it. */
const REASON_WORDS: Readonly<Record<Reason, true>> = {
  intact: true,
  "no-context": true,
  "carrier-restored": true,
  "carrier-reported": true,
  "case-repaired": true,
  "duplicates-repaired": true,
  "parent-restored": true,
  "format-translated": true,
  "format-conflict": true,
  "trace-id-adopted": true,
  "sampling-denied": true,
  "sampling-overridden": true,
  "sampling-capped": true,
  "invalid-context": true,
  untrusted: true,
  ignored: true,
  "outside-restored": true,
  "egress-strip": true,
  "start-off": true,
  "sampled-out": true,
  "no-span": true,
};
const REASONS = Object.keys(REASON_WORDS) as readonly Reason[];

const REPAIRS: readonly RepairName[] = ["carrier", "case", "duplicates", "members", "nominated", "stale", "parent"];

/** What stands in a record, by type; a value of another type is absent. */
interface Fields {
  text(key: string): string | undefined;
  number(key: string): number | undefined;
  oneOf<T extends string>(key: string, words: readonly T[]): T | undefined;
  words(key: string): readonly string[];
  context(key: string): TraceContext | undefined;
}

function fieldsOf(log: LogView): Fields {
  const attributes = log.attributes();
  const text = (key: string): string | undefined => {
    const value = attributes.get(CROSSING_PREFIX + key);
    return typeof value === "string" ? value : undefined;
  };
  return {
    text,
    number(key) {
      const value = attributes.get(CROSSING_PREFIX + key);
      return typeof value === "number" && Number.isFinite(value) ? value : undefined;
    },
    oneOf(key, words) {
      const value = text(key);
      return words.find((word) => word === value);
    },
    words: (key) => (text(key) ?? "").split(" ").filter((word) => word !== ""),
    context(key) {
      const parsed = parseTraceparent(text(key) ?? "");
      return parsed.kind === "valid" ? { ...parsed.context, tracestate: text(`${key}.state`) ?? "" } : undefined;
    },
  };
}

/** Undefined where the record lacks what every crossing has. */
export function decodeCrossing(log: LogView): Crossing | undefined {
  const fields = fieldsOf(log);
  const boundary = fields.text("boundary");
  const cluster = fields.text("cluster");
  const startMs = fields.number("start");
  const endMs = fields.number("end");
  const reading = readingOf(fields);
  const verdict = verdictOf(fields, log.attributes().get(`${CROSSING_PREFIX}own-parent`) === true);
  if (boundary === undefined || cluster === undefined || startMs === undefined || endMs === undefined) return undefined;
  if (reading === undefined || verdict === undefined) return undefined;
  const peer = peerOf(fields, "downstream");
  const called = peerOf(fields, "upstream");
  const name = fields.text("upstream.name");
  const traceId = fields.text("span.trace");
  const answered = fields.text("answer.trace");
  const failure = fields.text("failure.kind");
  return {
    boundary,
    side: fields.oneOf("side", ["ingress", "egress"]) ?? "ingress",
    cluster,
    reading,
    verdict,
    spans:
      traceId === undefined
        ? undefined
        : {
            traceId,
            serverSpanId: fields.text("span.server") ?? "",
            clientSpanId: fields.text("span.client") ?? "",
          },
    startMs,
    endMs,
    protocol: fields.oneOf("protocol", ["http/1.0", "http/1.1", "h2"]) ?? "http/1.1",
    scheme: fields.oneOf("scheme", ["http", "https"]) ?? "http",
    method: fields.text("method") ?? "",
    path: fields.text("path") ?? "",
    authority: fields.text("authority") ?? "",
    userAgent: fields.text("user-agent"),
    requestId: fields.text("request-id"),
    downstream: peer,
    upstream:
      called === undefined || name === undefined
        ? undefined
        : { ...called, name, localPort: fields.number("upstream.local-port") },
    status: fields.number("status"),
    grpcStatus: fields.number("grpc-status"),
    failure:
      failure === undefined
        ? undefined
        : { kind: failure, side: fields.oneOf("failure.side", ["upstream", "downstream", "internal"]) ?? "internal" },
    answer:
      answered === undefined
        ? undefined
        : { traceId: answered, spanId: fields.text("answer.span") ?? "", flags: fields.number("answer.flags") ?? 0 },
  };
}

function peerOf(fields: Fields, name: string): { readonly address: string; readonly port: number } | undefined {
  const address = fields.text(`${name}.address`);
  return address === undefined ? undefined : { address, port: fields.number(`${name}.port`) ?? 0 };
}

function readingOf(fields: Fields): Reading | undefined {
  const carrier = fields.text("carrier");
  const formats = fields.words("formats").flatMap((name) => [...FORMATS.values()].filter((each) => each.name === name));
  const around = {
    carried: carrier === undefined ? undefined : parseCarrier(carrier),
    original: undefined,
    foreign:
      formats.length === 0
        ? undefined
        : {
            found: formats.map((format) => ({ format, reading: { kind: "recognised" as const }, listed: true })),
            source: undefined,
            sampling: undefined,
            adopted: undefined,
            rivals: [],
          },
  };
  const words = fields.words("found");
  const found = DEFECT_CODES.filter((code) => words.includes(code)).map(defectOf);
  const kind = fields.oneOf("reading", ["absent", "valid", "invalid"]);
  if (kind === "absent") return { kind, ...around, notes: found };
  if (kind === "invalid") return { kind, ...around, defects: found };
  const context = fields.context("came");
  if (kind === undefined || context === undefined) return undefined;
  const member = fields.text("came.member");
  const own = member === undefined ? undefined : parseOwnMember(member);
  return { kind, ...around, context, notes: found, own, wire: fields.text("came.wire") };
}

function verdictOf(fields: Fields, ownParent: boolean): Verdict | undefined {
  const action = fields.oneOf("action", ACTIONS);
  const reason = fields.oneOf("reason", REASONS);
  if (action === undefined || reason === undefined) return undefined;
  const repairs = (key: string) => {
    const names = fields.words(key);
    return names.length === 0 ? undefined : REPAIRS.filter((name) => names.includes(name));
  };
  return {
    action,
    reason,
    from: fields.context("from"),
    context: fields.context("sent"),
    ownParent,
    edits: NO_EDITS,
    repaired: repairs("repaired"),
    reported: repairs("reported"),
  };
}
