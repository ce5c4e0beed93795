import { describe, expect, it } from "vitest";
import { definePolicy, formatCarrier, formatOwnMember, hashTraceId, read } from "../src/index.ts";
import type { FieldLines, Reading } from "../src/index.ts";
import { OTHER_PARENT, PARENT, PARENT_LINE, SPANS, TRACE } from "./heads.ts";

const codes = (reading: Reading) =>
  (reading.kind === "invalid" ? reading.defects : reading.notes).map((each) => each.code);
const seen = (lines: FieldLines) => [read(lines).kind, ...codes(read(lines))];
const state = (lines: FieldLines) => {
  const reading = read(lines);
  return reading.kind === "valid" ? reading.context.tracestate : reading.kind;
};

describe("reading a head", () => {
  it("finds nothing in a head without a context", () => {
    expect(read(["Host", "a"])).toEqual({ kind: "absent", carried: undefined, original: undefined, notes: [] });
  });

  it("passes over a line without a name", () => {
    expect(read(["", "", "traceparent", PARENT_LINE]).kind).toBe("valid");
  });

  it("finds the fields whatever the case of their names", () => {
    for (const name of ["traceparent", "TraceParent", "TRACEPARENT", "tRaCePaReNt"])
      expect(seen([name, PARENT_LINE])).toEqual(["valid"]);
    for (const name of ["trace-parent", "trace.parent", "traceparen", "traceparents"])
      expect(seen([name, PARENT_LINE])).toEqual(["absent"]);
  });

  it("takes blanks around traceparent away and names them", () => {
    for (const value of [` ${PARENT_LINE}`, `\t${PARENT_LINE}`, `${PARENT_LINE}\t `])
      expect(seen(["traceparent", value])).toEqual(["valid", "traceparent-padded"]);
  });

  it("keeps traceparent as it came beside what was read from it", () => {
    const value = `cc-${TRACE}-${PARENT}-09-more`;
    expect(read(["traceparent", value])).toMatchObject({ kind: "valid", wire: value, context: { flags: 9 } });
    expect(seen(["traceparent", value])).toEqual(["valid", "version-future", "flags-reserved"]);
  });

  it("tells identical, same-trace and conflicting lines apart", () => {
    const other = `00-${SPANS.traceId}-${PARENT}-01`;
    expect(seen(["traceparent", PARENT_LINE, "TraceParent", PARENT_LINE])).toEqual(["valid", "duplicate-identical"]);
    expect(seen(["traceparent", PARENT_LINE, "traceparent", `00-${TRACE}-${OTHER_PARENT}-01`])).toEqual([
      "invalid",
      "duplicate-same-trace",
    ]);
    expect(seen(["traceparent", PARENT_LINE, "traceparent", other])).toEqual(["invalid", "duplicate-conflicting"]);
  });

  it("says what a repair could make of lines of one trace and of upper case", () => {
    const lines = ["traceparent", PARENT_LINE, "traceparent", `00-${TRACE}-${OTHER_PARENT}-00`, "tracestate", "a=1"];
    expect(read(lines)).toMatchObject({
      mendable: {
        repair: "duplicates",
        contexts: [
          { parentId: PARENT, flags: 1, tracestate: "a=1" },
          { parentId: OTHER_PARENT, flags: 0, tracestate: "a=1" },
        ],
      },
    });
    expect(read(["traceparent", PARENT_LINE.toUpperCase()])).toMatchObject({
      kind: "invalid",
      mendable: { repair: "case", contexts: [{ traceId: TRACE, parentId: PARENT, flags: 1 }] },
    });
    expect(read(["traceparent", "x"])).toMatchObject({ kind: "invalid", mendable: undefined });
  });

  it("combines the lines of tracestate in order", () => {
    expect(state(["tracestate", "a=1", "traceparent", PARENT_LINE, "TraceState", "", "tracestate", "b=2,c=3"])).toBe(
      "a=1,b=2,c=3",
    );
  });

  it("never lets tracestate harm traceparent", () => {
    const long = "a=1,".repeat(9000);
    for (const [value, code] of [
      ["", "tracestate-empty"],
      ["A=1", "tracestate-member"],
      ["a=1,a=2", "tracestate-duplicate-key"],
      [long, "tracestate-length"],
    ] as const)
      expect(seen(["traceparent", PARENT_LINE, "tracestate", value])).toEqual(["valid", code]);
  });

  it("keeps the valid members of an invalid list aside", () => {
    expect(read(["traceparent", PARENT_LINE, "tracestate", "a=1,B=2"])).toMatchObject({
      context: { tracestate: "" },
      salvage: "a=1",
    });
  });

  it("does not read tracestate beside no valid traceparent", () => {
    expect(seen(["tracestate", "a=1"])).toEqual(["absent", "tracestate-orphaned"]);
    expect(seen(["traceparent", "x", "tracestate", "A"])).toEqual(["invalid", "traceparent-length"]);
  });

  it("notices a cut head and a trace field that Connection names", () => {
    const lines = ["traceparent", PARENT_LINE, "Connection", "close, TraceParent"];
    expect(codes(read(lines, undefined, { truncated: true }))).toEqual(["head-truncated", "hop-nominated"]);
    expect(codes(read(["Host", "a"], undefined, { truncated: true }))).toEqual(["head-truncated"]);
    expect(codes(read(["connection", "tracestate", "traceparent", "x"]))).toEqual([
      "traceparent-length",
      "hop-nominated",
    ]);
    for (const value of ["close", "keep-alive", "upgrade", "x-traceparent, keep-alive"])
      expect(codes(read(["Connection", value, "traceparent", PARENT_LINE]))).toEqual([]);
  });

  it("names the defect that decided first", () => {
    const twice = ["Connection", "close, tracestate", "traceparent", `${PARENT_LINE}, 00-x`];
    expect(codes(read(twice, undefined, { truncated: true }))).toEqual([
      "duplicate-conflicting",
      "traceparent-joined",
      "head-truncated",
      "hop-nominated",
    ]);
  });

  it("reads our own member, and notices one of another trace", () => {
    const member = (traceId: string) =>
      formatOwnMember({ cluster: "eu-1", hop: 1, traceIdHash: hashTraceId(traceId), spanId: PARENT, flags: 1 });
    const ours = read(["traceparent", PARENT_LINE, "tracestate", `a=1,tm=${member(TRACE)}`]);
    expect(ours).toMatchObject({ own: { cluster: "eu-1", hop: 1 }, notes: [] });
    const theirs = read(["traceparent", PARENT_LINE, "tracestate", `tm=${member(SPANS.traceId)}`]);
    expect(codes(theirs)).toEqual(["own-member-mismatch"]);
  });

  it("takes a carrier apart, and the caller's own value from it", () => {
    const policy = definePolicy({ carrier: { field: "x-request-id", read: true } });
    const context = { traceId: TRACE, parentId: PARENT, flags: 1, tracestate: "" };
    const value = formatCarrier({ context, cluster: "eu-1", original: "abc" }) as string;
    expect(read(["X-Request-Id", value], policy)).toMatchObject({ carried: { context }, original: "abc" });
    expect(read(["X-Request-Id", "abc"], policy)).toMatchObject({ carried: undefined, original: "abc" });
    expect(read(["x-request-id", "a", "X-Request-Id", "b "], policy)).toMatchObject({ original: "a, b" });
    const blind = definePolicy({ carrier: { field: "x-request-id", send: true } });
    expect(read(["X-Request-Id", value], blind)).toMatchObject({ carried: undefined, original: value });
  });

  it("finds a carrier whose field is as long as a trace field", () => {
    const policy = definePolicy({ carrier: { field: "x-trace-ctx", read: true } });
    expect(read(["X-Trace-Ctx", "mine"], policy)).toMatchObject({ original: "mine" });
  });
});
