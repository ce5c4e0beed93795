// Most heads take a short way through the package: it must come to what the long way comes to.
import assert from "node:assert/strict";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  applyEdits,
  cross,
  defineBoundary,
  fieldValues,
  formatOwnMember,
  formatTraceparent,
  hashTraceId,
  isField,
  parseTraceparent,
  read,
  readTracestate,
} from "@tracemend/context";
import type { FieldLines, PolicyOptions, Reading, TraceContext } from "@tracemend/context";
import { context, head, law, members, spans } from "./context-arbitraries.ts";

const others = fc.constantFrom<FieldLines>([], ["Host", "shop"], ["Connection", "keep-alive"], ["user-agent", "x"]);
const spelt = fc.constantFrom(
  ["traceparent", "tracestate"],
  ["Traceparent", "Tracestate"],
  ["TRACEPARENT", "trAcestate"],
);
const parts = fc.array(fc.constantFrom("tm=1", "a=1", "b= 2", "a@b=!", "tmo=1", "A=1", "c=", "a", " ", ""), {
  maxLength: 5,
});
/** Our member of a border right before us, and what is nearly that. */
const bordered = fc
  .tuple(
    context,
    fc.nat(255),
    fc.nat(3),
    fc.constantFrom("", ",", ",a=1", ",a=1,b=2", ",a=1,a=2", ",tm=1", ", a=1", " ", ".x"),
  )
  .map(([came, hop, which, rest]): readonly [TraceContext, string[]] => {
    const member = {
      cluster: "us-1",
      hop: hop || 1,
      traceIdHash: hashTraceId(which === 1 ? "0".repeat(32) : came.traceId),
      spanId: which === 2 ? "e".repeat(16) : came.parentId,
      flags: came.flags & 3,
      signature: which === 3 ? "0123456789" : undefined,
    };
    return [came, [`tm=${formatOwnMember(member)}${rest}`]];
  });
const listed = fc.tuple(
  context,
  fc.oneof(
    members.map((pairs) => pairs.slice(0, 4).map((pair) => pair.join("="))),
    parts,
  ),
);
/** Heads that are nearly as clean as most. */
const neat = fc
  .tuple(others, spelt, fc.oneof(listed, bordered), others)
  .map(([before, [parent = "", state = ""], [came, list], after]): FieldLines => {
    const flags = came.flags & 0x83;
    return [...before, parent, formatTraceparent({ ...came, flags }, 0xff), state, list.join(","), ...after];
  });
const lines = fc.oneof(head, neat);
/** Each option by itself: what is taken for plain must not be asked for anything by it. */
const options = fc.constantFrom<PolicyOptions>(
  {},
  { repairs: { members: "on", case: "on", parent: "on" } },
  { start: false, tracestateMaxLength: 600, outside: "remember" },
  { trust: "restart" },
  { trust: "restart-external" },
  { trust: "ignore" },
  { sampling: { denied: "override" } },
  { outside: "restore" },
  { flags: "level-1" },
  { strip: true },
  { clear: ["host"] },
  { baggage: { maxMembers: 0 } },
  { carrier: { send: true } },
  { inject: ["b3"] },
  { repair: "report" },
  { signing: { hmac: (key, text) => `${key}${hashTraceId(text)}`.padEnd(32, "0"), keys: ["a"] }, now: () => 0 },
);

it("a clean head at a plain policy is judged as the whole table judges it", () => {
  const property = fc.property(lines, options, spans, (sent, policy, granted) => {
    const boundary = defineBoundary({ name: "b", side: "ingress", cluster: "eu-1", policy });
    const short = cross(boundary, sent, () => granted);
    const long = cross({ ...boundary, policy: { ...boundary.policy, plain: false } }, sent, () => granted);
    assert.deepEqual(applyEdits(sent, short.edits), applyEdits([...sent], long.edits));
    assert.deepEqual([short.reading, short.verdict, short.spans], [long.reading, long.verdict, long.spans]);
    assert.deepEqual([short.edits, long.edits], [short.verdict.edits, long.verdict.edits]);
    assert.deepEqual(short.ruling, long.ruling);
  });
  expect(law(property)).toBe("holds");
});

it("most policies that ask for little are plain", () => {
  const isPlain = (policy: PolicyOptions) =>
    defineBoundary({ name: "b", side: "ingress", cluster: "a", policy }).policy.plain;
  expect([{}, { start: false }, { repairs: { parent: "on" as const } }].map(isPlain)).toEqual([true, true, true]);
  expect([{ trust: "restart" as const }, { repair: "report" as const }].map(isPlain)).toEqual([false, false]);
});

/** The reading without the note that makes every head be read closely. */
function withoutNote(reading: Reading): Reading {
  if (reading.kind === "invalid")
    return { ...reading, defects: reading.defects.filter((defect) => defect.code !== "head-truncated") };
  return { ...reading, notes: reading.notes.filter((note) => note.code !== "head-truncated") };
}

it("a head is read at a glance as it is read closely", () => {
  const property = fc.property(lines, (sent) => {
    const closely = read(sent, undefined, { truncated: true });
    fc.pre(!fieldValues(sent, "traceparent").some((value) => /^(?!00)..-.*,/.test(value)));
    assert.deepEqual(read(sent), withoutNote(closely));
  });
  expect(law(property)).toBe("holds");
});

it("a traceparent is clean in a head exactly where it is by itself", () => {
  const noise = fc.constantFrom(..."0aAgf-~\u00e9\u0130\u0000_:".split(""));
  const nearly = fc
    .tuple(context, fc.nat(255), fc.nat(56), fc.constantFrom(0, 0, 1), fc.oneof(fc.constant(""), noise))
    .map(([came, flags, at, cut, sign]) => {
      const text = formatTraceparent({ ...came, flags }, 0xff);
      return text.slice(0, at) + sign + text.slice(at + cut);
    });
  const property = fc.property(nearly, (value) => {
    const alone = parseTraceparent(value);
    const reading = read(["traceparent", value]);
    assert.equal(reading.kind, alone.kind);
    if (alone.kind === "invalid") return assert.deepEqual(reading.kind === "invalid" && reading.defects, alone.defects);
    assert(reading.kind === "valid");
    assert.deepEqual([reading.context, reading.notes], [alone.context, alone.notes]);
  });
  expect(law(property)).toBe("holds");
});

/** Section 3.3.2, character by character. */
function isSound(list: string): boolean {
  const all = list.split(",").map((member) => member.split("="));
  const keys = all.map(([key]) => key);
  const within = (text: string, allowed: RegExp) => text.split("").every((sign) => allowed.test(sign));
  return (
    all.length <= 32 &&
    new Set(keys).size === keys.length &&
    all.every(
      ([key = "", value = "", ...more]) =>
        more.length === 0 &&
        key.length >= 1 &&
        key.length <= 256 &&
        /[a-z0-9]/.test(key.charAt(0)) &&
        within(key, /[a-z0-9_\-*/@]/) &&
        value.length >= 1 &&
        value.length <= 256 &&
        !value.endsWith(" ") &&
        within(value, /[ -~]/),
    )
  );
}

it("a tracestate is handed back as it came exactly where it is as the grammar writes it", () => {
  const sign = fc.constantFrom(..."ab1=,, @-~_A\u007f\t".split(""));
  const long = fc
    .tuple(fc.integer({ min: 254, max: 258 }), fc.integer({ min: 254, max: 258 }))
    .map(([key, value]) => `${"k".repeat(key)}=${"v".repeat(value)}`);
  const list = fc.oneof(
    fc.array(sign, { maxLength: 12 }).map((signs) => signs.join("")),
    fc
      .array(
        fc.oneof(
          parts.map((each) => each.join(",")),
          long,
        ),
        { maxLength: 3 },
      )
      .map((all) => all.join(",")),
    fc.integer({ min: 30, max: 34 }).map((count) => Array.from({ length: count }, (_, at) => `m${at}=1`).join(",")),
  );
  const property = fc.property(list, (text) => {
    const { list: read, defects } = readTracestate([text]);
    assert.equal(read === text && defects.length === 0, isSound(text));
  });
  expect(law(property)).toBe("holds");
});

it("the edits of a clean head come to the same as writing it anew", () => {
  const property = fc.property(lines, (sent) => {
    const both = [
      { name: "traceparent", value: "new" },
      { name: "tracestate", value: "newer" },
    ];
    const anew: string[] = [];
    const seen = new Set<string>();
    for (let at = 0; at + 1 < sent.length; at += 2) {
      const edit = both.find(({ name }) => isField(sent[at] as string, name));
      if (edit === undefined) anew.push(sent[at] as string, sent[at + 1] as string);
      else if (!seen.has(edit.name)) anew.push(sent[at] as string, edit.value);
      if (edit !== undefined) seen.add(edit.name);
    }
    for (const { name, value } of both) if (!seen.has(name)) anew.push(name, value);
    assert.deepEqual(applyEdits(sent, both), anew);
  });
  expect(law(property)).toBe("holds");
});
