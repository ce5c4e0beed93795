import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineAttributeKeys, FoundAttributes, forEachSpan, mergeBatches, type SpanView } from "@tracemend/otlp";
import { concat, fixed32, fixed64, hex, len, num, pair, span, spanId, str, traceId, traces } from "./support/bytes.ts";
import { batch } from "./support/read.ts";

/** What `read` sees in every span. */
function map<T>(bytes: Uint8Array, read: (view: SpanView) => T): T[] {
  const seen: T[] = [];
  forEachSpan(batch(bytes), (view) => seen.push(read(view)));
  return seen;
}

describe("forEachSpan", () => {
  it("reads every accessor, in ascending and in descending field order", () => {
    const fields = [
      hex(1, traceId(0xabc)),
      hex(2, spanId(0xdef)),
      str(3, "tm=1"),
      hex(4, spanId(7)),
      str(5, "GET /café 🚀"),
      num(6, 2),
      fixed64(7, 1_700_000_000_123_456_789n),
      fixed64(8, 2n ** 64n - 1n),
      pair(9, "http.route", "/café"),
      len(13, hex(1, traceId(1)), hex(2, spanId(2)), str(3, "a=b")),
      len(13, hex(2, spanId(3))),
      len(15, str(2, "boom"), num(3, 2)),
      fixed32(16, 0x80000301),
    ];
    const expected = {
      traceId: traceId(0xabc),
      spanId: spanId(0xdef),
      parentSpanId: spanId(7),
      tracestate: "tm=1",
      name: "GET /café 🚀",
      kind: 2,
      start: 1_700_000_000_123_456_789n,
      end: 2n ** 64n - 1n,
      flags: 0x80000301,
      statusCode: 2,
      statusMessage: "boom",
      route: "/café",
      links: [
        { traceId: traceId(1), spanId: spanId(2), tracestate: "a=b" },
        { traceId: "", spanId: spanId(3), tracestate: "" },
      ],
    };
    const read = (view: SpanView): typeof expected => ({
      traceId: view.traceId(),
      spanId: view.spanId(),
      parentSpanId: view.parentSpanId(),
      tracestate: view.tracestate(),
      name: view.name(),
      kind: view.kind(),
      start: view.startUnixNano(),
      end: view.endUnixNano(),
      flags: view.flags(),
      statusCode: view.statusCode(),
      statusMessage: view.statusMessage(),
      route: view.attribute("http.route") as string,
      links: [...view.links()],
    });
    expect(map(traces([], len(2, ...fields)), read)).toEqual([expected]);
    expected.links.reverse();
    expect(map(traces([], len(2, ...fields.toReversed())), read)).toEqual([expected]);
  });

  it("writes ids as words and times as milliseconds", () => {
    const read = (view: SpanView): unknown => {
      const words = new Uint32Array(8);
      return [view.ids(words), [...words], view.startMs(), view.endMs()];
    };
    const ids = [hex(1, "0102030405060708090a0b0c0d0e0f10"), hex(2, "f112131415161718")];
    const times = [fixed64(7, 1_700_000_000_123_456_789n), fixed64(8, 1_700_000_000_124_000_000n)];
    const words = [0x01020304, 0x05060708, 0x090a0b0c, 0x0d0e0f10, 0xf1121314, 0x15161718];
    const [root, child] = map(
      traces([], len(2, ...ids, ...times), len(2, ...ids, ...times, hex(4, "2122232425262728"))),
      read,
    ) as [unknown[], unknown[]];
    expect(root.slice(0, 2)).toEqual([true, [...words, 0, 0]]);
    expect(child.slice(0, 2)).toEqual([true, [...words, 0x21222324, 0x25262728]]);
    expect(root[2]).toBeCloseTo(1_700_000_000_123.456, 2);
    expect(root[3]).toBe(1_700_000_000_124);
    expect(map(traces([], len(2, ...ids)), (view) => [view.startMs(), view.endMs()])).toEqual([[0, 0]]);
  });

  it("refuses ids that are zero or not of their length", () => {
    const [trace, own] = [hex(1, traceId(1)), hex(2, spanId(1))];
    const spans = [
      len(2, hex(1, "0".repeat(32)), own),
      len(2, trace, hex(2, "0".repeat(16))),
      len(2, hex(1, spanId(1)), own),
      len(2, trace, own, hex(4, traceId(1))),
      len(2, trace, own, hex(4, "0".repeat(16))),
      len(2, own),
    ];
    expect(map(traces([], ...spans), (view) => view.ids(new Uint32Array(8)))).toEqual(spans.map(() => false));
  });

  it("looks up several attributes in one pass", () => {
    const keys = defineAttributeKeys(["url.path", "http.route", "url.quiz", "none"]);
    const bytes = traces(
      [],
      len(2, pair(9, "http.route", "/a"), pair(9, "other", "x"), pair(9, "url.path", "/b"), pair(9, "url.path", "/c")),
      len(2),
    );
    const found = new FoundAttributes();
    const read = (view: SpanView): unknown => {
      view.attributes(keys, found);
      return [0, 1, 2, 3].map((place) => found.value(place));
    };
    expect(map(bytes, read)).toEqual([
      ["/b", "/a", undefined, undefined],
      [undefined, undefined, undefined, undefined],
    ]);
    expect(() => defineAttributeKeys(["café"])).toThrow("keys: only ASCII can be looked up together: café");
  });

  it("looks attributes up wherever they stand among the other fields, short ones and long ones", () => {
    const keys = defineAttributeKeys(["first", "second"]);
    const found = new FoundAttributes();
    const others = [num(6, 2), num(6, 300), fixed64(7, 1n), fixed32(16, 1), hex(4, spanId(1)), str(5, "n".repeat(200))];
    const other = fc.constantFrom(...others);
    const text = fc.nat({ max: 300 }).map((length) => "x".repeat(length));
    fc.assert(
      fc.property(
        fc.array(other),
        text,
        fc.array(other),
        text,
        fc.array(other),
        (before, first, between, second, after) => {
          const fields = [...before, pair(9, "first", first), ...between, pair(9, "second", second), ...after];
          const read = (view: SpanView): unknown => {
            view.attributes(keys, found);
            return [found.value(0), found.value(1)];
          };
          expect(map(traces([], len(2, ...fields)), read)).toEqual([[first, second]]);
        },
      ),
    );
  });

  it("gives what an absent field means", () => {
    const read = (view: SpanView): unknown[] => [
      view.traceId(),
      view.parentSpanId(),
      view.name(),
      view.kind(),
      view.startUnixNano(),
      view.flags(),
      view.statusCode(),
      view.attribute("x"),
      view.resourceAttribute("x"),
      view.links(),
    ];
    expect(map(traces([], len(2)), read)).toEqual([["", "", "", 0, 0n, 0, 0, undefined, undefined, []]]);
  });

  it("finds resource attributes behind the spans and in a repeated resource", () => {
    const body = len(
      1,
      len(2, span(1), span(2)),
      len(1, pair(1, "host.name", "h")),
      len(1, pair(1, "service.name", "s")),
    );
    const read = (view: SpanView): unknown => [
      view.resourceAttribute("host.name"),
      view.resourceAttribute("service.name"),
    ];
    expect(map(body, read)).toEqual([
      ["h", "s"],
      ["h", "s"],
    ]);
    const keys = defineAttributeKeys(["service.name", "k8s.pod.name", "host.name"]);
    const found = new FoundAttributes();
    const readTogether = (view: SpanView): unknown => {
      view.resourceAttributes(keys, found);
      return [found.value(0), found.value(1), found.value(2)];
    };
    expect(map(body, readTogether)).toEqual([
      ["s", undefined, "h"],
      ["s", undefined, "h"],
    ]);
  });

  it("shows the bytes of a resource that is the only one", () => {
    const resource = pair(1, "service.name", "s");
    const read = (view: SpanView): unknown => view.resourceBytes() && [...(view.resourceBytes() as Uint8Array)];
    expect(map(len(1, len(2, span(1)), len(1, resource), len(2, span(2))), read)).toEqual([
      [...resource],
      [...resource],
    ]);
    expect(map(len(1, len(1, resource), len(2, span(1)), len(1, resource)), read)).toEqual([undefined]);
    expect(map(len(1, len(2, span(1))), read)).toEqual([undefined]);
  });

  it("forgets the resource when the next one begins", () => {
    const one = batch(traces([pair(1, "service.name", "a")], span(1)));
    const two = batch(traces([], span(2)));
    const names: unknown[] = [];
    forEachSpan(mergeBatches([one, two, one]), (view) => names.push(view.resourceAttribute("service.name")));
    expect(names).toEqual(["a", undefined, "a"]);
  });

  it("takes the last of a repeated singular field", () => {
    expect(
      map(traces([], span(1, hex(1, traceId(2)), str(5, "a"), str(5, "b"))), (v) => [v.traceId(), v.name()]),
    ).toEqual([[traceId(2), "b"]]);
  });

  it("merges a repeated status field by field", () => {
    const body = traces([], span(1, len(15, str(2, "why")), len(15, num(3, 2))));
    expect(map(body, (view) => [view.statusCode(), view.statusMessage()])).toEqual([[2, "why"]]);
  });

  it("may be left and entered again while it runs", () => {
    const body = traces([], span(1), span(2));
    expect(map(body, (outer) => [outer.spanId(), map(body, (inner) => inner.spanId()).length, outer.spanId()])).toEqual(
      [
        [spanId(1), 2, spanId(1)],
        [spanId(2), 2, spanId(2)],
      ],
    );
  });

  it("shows nothing of another signal", () => {
    const seen: unknown[] = [];
    forEachSpan(batch(len(1, len(2, len(2))), "logs"), (view) => seen.push(view.spanId()));
    expect(seen).toEqual([]);
  });

  it("gives the bytes of the span", () => {
    expect(map(traces([], span(1)), (view) => view.bytes())).toEqual([concat(hex(1, traceId(1)), hex(2, spanId(1)))]);
  });
});
