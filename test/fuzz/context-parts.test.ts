import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  FORMATS,
  applyEdits,
  formatCarrier,
  formatOwnMember,
  formatTraceparent,
  formatTraceresponse,
  limitTracestate,
  parseCarrier,
  parseOwnMember,
  parseTraceparent,
  parseTraceresponse,
  putMemberFirst,
  readTracestate,
} from "@tracemend/context";
import type { Edit } from "@tracemend/context";
import { context, law, members, value } from "./context-arbitraries.ts";

describe("what is written is read back", () => {
  it("in traceparent, traceresponse, the own member and the carrier", () => {
    const original = fc.option(fc.string({ maxLength: 30 }), { nil: undefined });
    const property = fc.property(context, fc.integer({ min: 1, max: 255 }), original, (came, hop, own) => {
      const flags = came.flags & 3;
      const known = { ...came, flags, tracestate: "" };
      assert.deepEqual(parseTraceparent(formatTraceparent(came)), { kind: "valid", context: known, notes: [] });
      const answer = { traceId: came.traceId, spanId: came.parentId, flags };
      assert.deepEqual(parseTraceresponse(formatTraceresponse(answer)), answer);
      const member = { cluster: "eu-1", hop, traceIdHash: came.traceId.slice(8, 16), spanId: came.parentId, flags };
      assert.deepEqual(parseOwnMember(formatOwnMember(member)), member);
      const carried = { context: known, cluster: "eu-1", original: own };
      assert.deepEqual(parseCarrier(formatCarrier(carried) ?? ""), carried);
    });
    expect(law(property)).toBe("holds");
  });

  it("in every format that can be written", () => {
    const sampling = fc.constantFrom("accept" as const, "deny" as const);
    const written = [...FORMATS.values()].filter((format) => format.write !== undefined);
    const property = fc.property(context, sampling, fc.constantFrom(...written), (came, decided, format) => {
      const short = format.name === "ot-tracer";
      const traceId = short ? came.parentId.padStart(32, "0") : came.traceId;
      const { parentId } = came;
      const edits = format.write?.({ traceId, parentId, sampling: decided, idDigits: 32, rest: "" }) ?? [];
      const reading = format.read(edits.flatMap((edit) => (edit.value === null ? [] : [edit.name, edit.value])));
      assert(reading?.kind === "valid");
      assert.deepEqual([reading.context.traceId, reading.context.parentId], [traceId, parentId]);
      assert.equal(reading.context.sampling, format.name === "azure" ? "defer" : decided);
    });
    expect(law(property)).toBe("holds");
  });
});

describe("tracestate", () => {
  it("is read as it was written, however it was spread over lines and padded", () => {
    const cutting = fc.array(fc.nat(32), { maxLength: 3 });
    const noises = fc.constantFrom("", " ", "\t ", ",", " , ");
    const property = fc.property(members, cutting, noises, (pairs, cuts, noise) => {
      const whole = pairs.map((pair) => pair.join("="));
      const inner = cuts.map((cut) => Math.min(cut, whole.length)).sort((one, two) => one - two);
      const bounds = [0, ...inner, whole.length];
      const lines = bounds.slice(1).map((end, at) => noise + whole.slice(bounds[at], end).join(`${noise},`) + noise);
      assert.equal(readTracestate(lines).list, whole.join(","));
    });
    expect(law(property)).toBe("holds");
  });

  it("is kept within its limits by whole members in their order, ours first", () => {
    const property = fc.property(members, value, (pairs, ours) => {
      const before = pairs.map((pair) => pair.join("="));
      const put = putMemberFirst(before.join(","), "tm", ours);
      assert.equal(put.split(",")[0], `tm=${ours}`);
      for (const list of [limitTracestate(before.join(",")), put]) {
        const after = list.split(",");
        assert(list.length <= 512 && after.length <= 32);
        const others = after.filter((member) => member !== "" && !member.startsWith("tm="));
        assert.deepEqual(
          others,
          before.filter((member) => others.includes(member)),
        );
        assert.equal(readTracestate([list]).list, list);
      }
    });
    expect(law(property)).toBe("holds");
  });

  it("gives up a short entry only when no long one is left", () => {
    const property = fc.property(members, (pairs) => {
      const before = pairs.map((pair) => pair.join("="));
      const after = limitTracestate(before.join(",")).split(",");
      const shortGone = before.some((member) => member.length <= 128 && !after.includes(member));
      assert(!shortGone || after.every((member) => member.length <= 128));
    });
    expect(law(property)).toBe("holds");
  });
});

describe("edits", () => {
  const edits = fc.uniqueArray(
    fc.record<Edit>({ name: fc.constantFrom("a", "b", "c", "d"), value: fc.option(fc.constantFrom("1", "2")) }),
    { selector: (edit) => edit.name },
  );
  const names = fc.constantFrom("a", "A", "b", "B", "c", "x");
  const lines = fc.array(fc.tuple(names, fc.constantFrom("7", "8")), { maxLength: 8 });

  it("come to the same as writing the head anew", () => {
    const property = fc.property(lines, edits, (pairs, list) => {
      const anew: string[] = [];
      const seen = new Set<string>();
      for (const [name, before] of pairs) {
        const edit = list.find((each) => each.name === name.toLowerCase());
        if (edit === undefined) anew.push(name, before);
        else if (edit.value !== null && !seen.has(edit.name)) anew.push(name, edit.value);
        seen.add(name.toLowerCase());
      }
      for (const edit of list) if (edit.value !== null && !seen.has(edit.name)) anew.push(edit.name, edit.value);
      assert.deepEqual(applyEdits(pairs.flat(), list), anew);
    });
    expect(law(property)).toBe("holds");
  });
});
