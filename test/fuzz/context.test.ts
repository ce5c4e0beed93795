import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FORMATS, applyEdits, cross, defineBoundary, fieldValues, formatTraceparent, read } from "@tracemend/context";
import type { FieldLines, OwnSpans, PolicyOptions } from "@tracemend/context";
import { SPANS, context, head, law, names, policy, spans } from "./context-arbitraries.ts";

function passThrough(lines: FieldLines, options: PolicyOptions, granted: OwnSpans | undefined) {
  const boundary = defineBoundary({ name: "b", side: "ingress", cluster: "eu-1", policy: options });
  const { reading, verdict, edits, spans: used } = cross(boundary, lines, () => granted);
  return { reading, verdict, spans: used, left: applyEdits(lines, edits) };
}

const charactersOf = (lines: FieldLines) => lines.reduce((sum, text) => sum + text.length, 0);
const breaks = (text: string) => ["\r", "\n", "\0"].some((sign) => text.includes(sign));

describe("whatever comes in", () => {
  it("reading never throws", () => {
    const noise = fc.array(fc.string({ unit: "binary", maxLength: 12 }), { maxLength: 9 });
    const property = fc.property(head, noise, (lines, odd) => {
      read(odd);
      for (const format of FORMATS.values()) format.read(lines);
      return read(lines).kind !== undefined;
    });
    expect(law(property)).toBe("holds");
  });

  it("at most one traceparent leaves, the one the verdict names, and none that no verdict names", () => {
    const property = fc.property(head, policy, spans, (lines, options, granted) => {
      const { verdict, left, reading } = passThrough(lines, options, granted);
      const leaving = fieldValues(left, "traceparent").map((text) => read(["traceparent", text]));
      const open = reading.foreign?.sampling === "defer" && !verdict.ownParent;
      assert(leaving.length <= 1);
      assert(leaving.length === (verdict.context === undefined ? 0 : 1) || open);
      for (const each of leaving) {
        assert(each.kind === "valid");
        assert.equal(each.context.traceId, verdict.context?.traceId);
        assert.equal(each.context.parentId, verdict.context?.parentId);
      }
      assert(leaving.length === 1 || fieldValues(left, "tracestate").length === 0);
    });
    expect(law(property)).toBe("holds");
  });

  it("no parent of ours leaves that was not granted, and none is asked for in vain", () => {
    const property = fc.property(head, policy, spans, (lines, options, granted) => {
      const { verdict, spans: used, left } = passThrough(lines, options, granted);
      const shown = fieldValues(left, "traceparent").some((text) => text.includes(SPANS.clientSpanId));
      assert.equal(verdict.ownParent, shown);
      assert(!shown || used === granted);
    });
    expect(law(property)).toBe("holds");
  });

  it("no two edits name one field, none is empty, and none smuggles a line break", () => {
    const property = fc.property(head, policy, spans, (lines, options, granted) => {
      const { edits } = passThrough(lines, options, granted).verdict;
      assert.equal(new Set(edits.map((edit) => edit.name)).size, edits.length);
      assert(lines.some(breaks) || !edits.some((edit) => breaks(edit.value ?? "")));
      const trace = edits.filter((edit) => ["traceparent", "tracestate", "baggage"].includes(edit.name));
      assert(trace.every((edit) => edit.value !== ""));
    });
    expect(law(property)).toBe("holds");
  });

  it("no verdict lengthens a head beyond a bound, once or over and over", () => {
    const property = fc.property(head, policy, spans, (lines, options, granted) => {
      let now = lines;
      for (let hop = 0; hop < 4; hop += 1) now = passThrough(now, options, granted).left;
      assert(charactersOf(now) <= charactersOf(lines) + 4096);
      assert(now.length <= lines.length + 60);
    });
    expect(law(property)).toBe("holds");
  });

  it("a dry run changes nothing that leaves", () => {
    const property = fc.property(head, policy, spans, (lines, options, granted) => {
      const { repairs: _, ...rest } = options;
      const off = passThrough(lines, { ...rest, repair: "off" }, granted);
      const dry = passThrough(lines, { ...rest, repair: "report" }, granted);
      assert.deepEqual(dry.left, off.left);
      assert.deepEqual(dry.verdict.context, off.verdict.context);
      assert.equal(dry.verdict.action, off.verdict.action);
    });
    expect(law(property)).toBe("holds");
  });

  it("a boundary that only preserves changes nothing of a clean context", () => {
    const property = fc.property(context, (came) => {
      const state = came.tracestate === "" ? [] : ["tracestate", came.tracestate];
      const lines = ["traceparent", formatTraceparent(came), ...state];
      return passThrough(lines, {}, undefined).left === lines;
    });
    expect(law(property)).toBe("holds");
  });

  it("a strip leaves no trace of any trace", () => {
    const fields = new Set([...names, "traceparent", "tracestate", "baggage"]);
    const property = fc.property(head, policy, spans, (lines, options, granted) => {
      const { left } = passThrough(
        lines,
        { ...options, carrier: { read: true }, outside: "drop", strip: true },
        granted,
      );
      return !left.some((text, at) => at % 2 === 0 && fields.has(text.toLowerCase()));
    });
    expect(law(property)).toBe("holds");
  });
});
