import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forEachSpan, rewriteTracestates } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import { concat, hex, len, str } from "./support/bytes.ts";
import { batch as read } from "./support/read.ts";

const ids = [hex(1, "01".repeat(16)), hex(2, "02".repeat(8))];
const batchOf = (...spans: Uint8Array[]): Batch =>
  read(len(1, len(2, ...spans.map((span) => len(2, span)), str(3, "schema")), len(1, str(1000, "kept"))));

function tracestatesOf(batch: Batch): string[] {
  const texts: string[] = [];
  forEachSpan(batch, (span) => texts.push(span.tracestate()));
  return texts;
}

describe("rewriting tracestates", () => {
  it("puts in, replaces and takes out, and leaves what it is not asked to change", () => {
    const batch = batchOf(
      concat(...ids, str(5, "none")),
      concat(str(3, "a=1"), ...ids, str(5, "replaced")),
      concat(...ids, str(3, "b=2"), str(5, "gone")),
      concat(...ids, str(3, "c=3"), str(5, "left")),
    );
    const texts = ["ot=th:8", "ot=th:c,a=1", "", undefined];
    let at = 0;
    const rewritten = rewriteTracestates(batch, () => texts[at++]);
    expect(tracestatesOf(rewritten)).toEqual(["ot=th:8", "ot=th:c,a=1", "", "c=3"]);
    const names: string[] = [];
    forEachSpan(rewritten, (span) => names.push(`${span.name()} ${span.traceId()}`));
    expect(names).toEqual(["none", "replaced", "gone", "left"].map((name) => `${name} ${"01".repeat(16)}`));
    expect(rewritten.items).toBe(4);
    expect(Buffer.concat(rewritten.parts).includes("kept")).toBe(true);
  });

  it("leaves one of several", () => {
    const batch = batchOf(concat(str(3, "a=1"), ...ids, str(3, "b=2")));
    const rewritten = rewriteTracestates(batch, (span) => `x=${span.tracestate()[0]}`);
    expect(tracestatesOf(rewritten)).toEqual(["x=b"]);
    expect(Buffer.concat(rewritten.parts).includes("a=1")).toBe(false);
  });

  it("is the same batch when nothing changes", () => {
    const batch = batchOf(concat(...ids, str(3, "a=1")));
    expect(rewriteTracestates(batch, () => undefined)).toBe(batch);
  });

  it("there and back gives the bytes that were there", () => {
    const text = fc.string({ minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), text, (before, other) => {
        const batch = batchOf(...before.map((one) => concat(...ids, str(3, one), str(5, "n"))));
        const changed = rewriteTracestates(batch, () => other);
        let at = 0;
        const back = rewriteTracestates(changed, () => before[at++]);
        expect(tracestatesOf(changed)).toEqual(before.map(() => other));
        expect(Buffer.concat(back.parts)).toEqual(Buffer.concat(batch.parts));
      }),
    );
  });
});
