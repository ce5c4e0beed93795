/** Heads, policies and contexts for the laws of the context package, and how a law is checked. */
import fc from "fast-check";
import {
  FORMATS,
  FORMAT_NAMES,
  formatCarrier,
  formatOwnMember,
  formatTraceparent,
  hashTraceId,
} from "@tracemend/context";
import type { FieldLines, OwnSpans, PolicyOptions, TraceContext } from "@tracemend/context";

const RUNS = { numRuns: 400 };
const HEX = "0123456789abcdef".split("");
export const SPANS: OwnSpans = { traceId: "a".repeat(32), serverSpanId: "b".repeat(16), clientSpanId: "c".repeat(16) };

const hex = (length: number) => fc.string({ unit: fc.constantFrom(...HEX), minLength: length, maxLength: length });
const id = (length: number) => hex(length).filter((text) => /[^0]/.test(text));
const flags = fc.nat(255);
const key = fc.stringMatching(/^[a-z0-9][a-z0-9_\-*/@]{0,11}$/);
export const value = fc.stringMatching(/^[!-+\--<>-~]{1,24}$/);
export const members = fc.uniqueArray(fc.tuple(key, fc.oneof(value, fc.stringMatching(/^[a-z]{130,200}$/))), {
  selector: ([name]) => name,
  maxLength: 32,
});
const listOf = (pairs: readonly (readonly [string, string])[]) => pairs.map((pair) => pair.join("=")).join(",");
export const context: fc.Arbitrary<TraceContext> = fc.record({
  traceId: id(32),
  parentId: id(16),
  flags,
  tracestate: members.map(listOf),
});

/** Any text at all, and texts that are nearly right. */
const traceparent = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  context.map(formatTraceparent),
  fc
    .tuple(context.map(formatTraceparent), fc.nat(60), fc.string({ maxLength: 3 }))
    .map(([text, at, noise]) => text.slice(0, at) + noise + text.slice(at)),
  fc
    .tuple(hex(2), id(32), id(16), hex(2), fc.constantFrom("", "-x", ".", ", "))
    .map(([v, t, p, f, tail]) => `${v}-${t}-${p}-${f}${tail}`),
);
const tracestate = fc.oneof(fc.string({ unit: "binary", maxLength: 80 }), members.map(listOf));
export const names = [...FORMATS.values()].flatMap((format) => format.fields);
const line: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  fc.tuple(fc.constantFrom("traceparent", "TraceParent", "TRACEPARENT"), traceparent),
  fc.tuple(fc.constantFrom("tracestate", "Tracestate"), tracestate),
  fc.tuple(fc.constantFrom("Connection", "x-request-id", "baggage", "x-forwarded-for"), fc.string({ maxLength: 40 })),
  fc.tuple(
    fc.constantFrom(...names),
    fc.oneof(traceparent, fc.string({ unit: "binary", maxLength: 60 }), fc.bigInt().map(String)),
  ),
  fc.tuple(fc.string({ unit: "binary", maxLength: 12 }), fc.string({ unit: "binary", maxLength: 12 })),
);
/** What tracers and borders really send: whole contexts in one format or another. */
const group: fc.Arbitrary<FieldLines> = fc.oneof(
  line,
  context.map((came) => ["traceparent", formatTraceparent(came), "tracestate", came.tracestate]),
  fc.tuple(context, fc.nat(255), flags).map(([came, hop, sent]) => {
    const traceIdHash = hashTraceId(came.traceId);
    const member = formatOwnMember({
      cluster: "us-1",
      hop: hop || 1,
      traceIdHash,
      spanId: "e".repeat(16),
      flags: sent,
    });
    const outside = `tmo=1.${came.traceId}.${came.parentId}.01`;
    return ["traceparent", formatTraceparent(came), "tracestate", `tm=${member},a=1,${outside},${came.tracestate}`];
  }),
  fc.tuple(context, fc.option(fc.string({ maxLength: 20 }), { nil: undefined })).map(([came, original]) => {
    const value = formatCarrier({ context: came, cluster: "us-1", original });
    return value === undefined ? [] : ["x-request-id", value];
  }),
  fc
    .tuple(context, fc.constantFrom(...FORMATS.values()), fc.constantFrom("accept", "deny", "defer", "debug"))
    .map(([{ traceId, parentId }, format, sampling]) => {
      const edits = format.write?.({ traceId, parentId, sampling, idDigits: 32, rest: "" }) ?? [];
      return edits.flatMap((edit) => (edit.value === null ? [] : [edit.name, edit.value]));
    }),
);
export const head: fc.Arbitrary<FieldLines> = fc.array(group, { maxLength: 8 }).map((groups) => groups.flat());

export const policy: fc.Arbitrary<PolicyOptions> = fc.record(
  {
    trust: fc.constantFrom("continue", "restart", "restart-external", "ignore"),
    repair: fc.constantFrom("off", "report", "on"),
    repairs: fc.record({ parent: fc.constantFrom("off", "report", "on") }),
    duplicate: fc.constantFrom("first", "last"),
    carrier: fc.constantFrom({ read: true }, { send: true }, { read: true, send: true }).map((use) => ({
      field: "x-request-id",
      ...use,
    })),
    start: fc.boolean(),
    extract: fc.shuffledSubarray([...FORMAT_NAMES]).map((found) => ["w3c" as const, ...found]),
    inject: fc.shuffledSubarray(["preserve", "b3", "gcp", "datadog", "xray"] as const),
    conflict: fc.constantFrom("order", "restart"),
    stale: fc.constantFrom("refresh", "remove"),
    flags: fc.constantFrom("standard", "level-1", "level-2"),
    baggage: fc.record({ drop: fc.constant(["u*"]), maxMembers: fc.nat(3) }),
    outside: fc.constantFrom("drop", "remember", "restore"),
    clear: fc.constant(["x-forwarded-for"]),
  },
  { requiredKeys: [] },
);
export const spans = fc.constantFrom(undefined, SPANS);

/** `"holds"`, or the report of the smallest counterexample. */
export function law<T>(property: fc.IProperty<T>): string {
  const result = fc.check(property, RUNS);
  return result.failed ? (fc.defaultReportMessage(result) ?? "fails") : "holds";
}
