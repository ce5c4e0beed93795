import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forEachSpan, ORIGINAL_PARENT_ID, ORIGINAL_TRACE_ID, rewriteIds } from "@tracemend/otlp";
import { messageTypes } from "../src/wire/fields.ts";
import { concat, hex, len, num, pair, span, spanId, str, traceId, traces } from "./support/bytes.ts";
import { Choices, makeMessage } from "./support/messages.ts";
import { batch } from "./support/read.ts";
import { type Message, decodeBatch } from "./support/reference.ts";

const service = pair(1, "service.name", "shop");

function bytesOf(of: { parts: readonly Uint8Array[] }): Uint8Array {
  return concat(...of.parts);
}

describe("rewriteIds", () => {
  it("sets another parent in place, and keeps the one that was there as an attribute", () => {
    const before = batch(traces([service], span(1, hex(4, spanId(7)), str(5, "GET /")), span(2)));
    const after = rewriteIds(before, (ids) =>
      ids.parentSpanId === spanId(7) ? { parentSpanId: spanId(8) } : undefined,
    );
    const kept = pair(9, ORIGINAL_PARENT_ID, spanId(7));
    expect(bytesOf(after)).toEqual(traces([service], span(1, hex(4, spanId(8)), str(5, "GET /"), kept), span(2)));
    expect(after.items).toBe(2);
  });

  it("moves a root into another trace, below a parent it did not have", () => {
    const after = rewriteIds(batch(traces([], span(1))), () => ({ traceId: traceId(9), parentSpanId: spanId(3) }));
    const moved = len(
      2,
      hex(1, traceId(9)),
      hex(2, spanId(1)),
      hex(4, spanId(3)),
      pair(9, ORIGINAL_TRACE_ID, traceId(1)),
      pair(9, ORIGINAL_PARENT_ID, ""),
    );
    expect(bytesOf(after)).toEqual(traces([], moved));
  });

  it("makes one of a field that stands twice, for readers that take the first as for those that take the last", () => {
    const twice = span(1, hex(4, spanId(5)), num(6, 2), hex(4, spanId(6)));
    const after = rewriteIds(batch(traces([], twice)), () => ({ parentSpanId: spanId(8) }));
    const kept = pair(9, ORIGINAL_PARENT_ID, spanId(6));
    expect(bytesOf(after)).toEqual(traces([], span(1, hex(4, spanId(8)), num(6, 2), kept)));
  });

  it("gives back the same batch where nothing changes, and other signals untouched", () => {
    const spans = batch(traces([], span(1, hex(4, spanId(5)))));
    expect(rewriteIds(spans, () => undefined)).toBe(spans);
    expect(rewriteIds(spans, ({ traceId, parentSpanId }) => ({ traceId, parentSpanId }))).toBe(spans);
    const logs = batch(len(1, len(2, len(2))), "logs");
    expect(rewriteIds(logs, () => ({ traceId: traceId(1) }))).toBe(logs);
  });

  it("refuses an id of another length by name", () => {
    const spans = batch(traces([], span(1)));
    expect(() => rewriteIds(spans, () => ({ traceId: "abc" }))).toThrow(/traceId: not 32 hexadecimal digits: abc/);
  });

  it("is what decoding, editing and encoding makes of it, for every order of fields", () => {
    const to = { traceId: "f".repeat(32), parentSpanId: "e".repeat(16) };
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const before = batch(makeMessage(messageTypes.Traces, new Choices(seed), { repeats: false }));
        const after = rewriteIds(before, () => to);
        const expected = decodeBatch(before);
        for (const each of spansIn(expected)) edit(each);
        expect(decodeBatch(after)).toEqual(expected);
        forEachSpan(batch(bytesOf(after)), (view) => {
          expect([view.traceId(), view.parentSpanId()]).toEqual([to.traceId, to.parentSpanId]);
        });
        // A second time finds nothing to do.
        expect(rewriteIds(after, () => to)).toBe(after);
      }),
    );
  });
});

function spansIn(request: Message): readonly Message[] {
  const list = (of: unknown): readonly Message[] => (of ?? []) as readonly Message[];
  return list(request["resourceSpans"]).flatMap((resource) =>
    list(resource["scopeSpans"]).flatMap((scope) => list(scope["spans"])),
  );
}

function edit(of: Message): void {
  const hexOf = (field: string): string => Buffer.from((of[field] ?? "") as string, "base64").toString("hex");
  const kept = [
    [ORIGINAL_TRACE_ID, hexOf("traceId")],
    [ORIGINAL_PARENT_ID, hexOf("parentSpanId")],
  ].map(([key, stringValue]) => ({ key, value: { stringValue } }));
  of["attributes"] = [...((of["attributes"] ?? []) as readonly unknown[]), ...kept];
  of["traceId"] = Buffer.from("f".repeat(32), "hex").toString("base64");
  of["parentSpanId"] = Buffer.from("e".repeat(16), "hex").toString("base64");
}
