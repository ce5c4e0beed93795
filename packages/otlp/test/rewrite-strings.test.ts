import { describe, expect, it } from "vitest";
import { rewriteStrings } from "@tracemend/otlp";
import { messageTypes } from "../src/wire/fields.ts";
import {
  type Bytes,
  concat,
  fixed64,
  group,
  hex,
  len,
  num,
  pair,
  span,
  str,
  traceId,
  traces,
} from "./support/bytes.ts";
import { batch } from "./support/read.ts";
import { decodeBatch } from "./support/reference.ts";

const secret = "4111-1111";
const text = (number: number): Bytes => str(number, `card ${secret}`);
const attribute = (number: number): Bytes => len(number, text(1), len(2, text(1)));
const mask = { text: (value: string): string => value.replaceAll(secret, "****") };

/** Every string-bearing place of the three signals, by where it stands. */
const places: readonly (readonly [string, "traces" | "logs" | "metrics", Bytes])[] = [
  ["resource attribute", "traces", traces([attribute(1)], span(1))],
  ["entity reference", "traces", traces([len(3, text(1), text(2), text(3), text(4))], span(1))],
  ["resource schema URL", "traces", len(1, text(3))],
  ["scope name, version and attributes", "traces", len(1, len(2, len(1, text(1), text(2), attribute(3))))],
  ["scope schema URL", "traces", len(1, len(2, text(3)))],
  ["tracestate", "traces", traces([], span(1, text(3)))],
  ["span name", "traces", traces([], span(1, text(5)))],
  ["span attribute", "traces", traces([], span(1, attribute(9)))],
  ["event name and attributes", "traces", traces([], span(1, len(11, text(2), attribute(3))))],
  ["link tracestate and attributes", "traces", traces([], span(1, len(13, text(3), attribute(4))))],
  ["status message", "traces", traces([], span(1, len(15, text(2))))],
  ["array", "traces", traces([], span(1, len(9, len(2, len(5, len(1, text(1)))))))],
  [
    "map in an array in a map",
    "traces",
    traces([], span(1, len(9, len(2, len(6, len(1, len(2, len(5, len(1, len(6, attribute(1))))))))))),
  ],
  ["bytes attribute that is text", "traces", traces([], span(1, len(9, len(2, text(7)))))],
  ["string a later member of the oneof hides", "traces", traces([], span(1, len(9, len(2, text(1), num(3, 1)))))],
  ["key another key hides", "traces", traces([], span(1, len(9, text(1), str(1, "k"))))],
  ["name another name hides", "traces", traces([], span(1, text(5), str(5, "n")))],
  ["second resource", "traces", len(1, len(1, pair(1, "a", "b")), len(1, attribute(1)))],
  ["log body", "logs", len(1, len(2, len(2, len(5, text(1)))))],
  ["severity text, event name and log attributes", "logs", len(1, len(2, len(2, text(3), text(12), attribute(6))))],
  [
    "metric name, description, unit and metadata",
    "metrics",
    len(1, len(2, len(2, text(1), text(2), text(3), attribute(12)))),
  ],
  ["gauge point", "metrics", len(1, len(2, len(2, len(5, len(1, attribute(7))))))],
  ["sum point exemplar", "metrics", len(1, len(2, len(2, len(7, len(1, len(5, attribute(7)))))))],
  ["histogram point", "metrics", len(1, len(2, len(2, len(9, len(1, attribute(9), len(8, attribute(7)))))))],
  [
    "exponential histogram point",
    "metrics",
    len(1, len(2, len(2, len(10, len(1, attribute(1), len(11, attribute(7))))))),
  ],
  ["summary point", "metrics", len(1, len(2, len(2, len(11, len(1, attribute(7))))))],
  ["unknown field", "traces", concat(text(1000), len(1, text(1000), len(2, text(99), span(1, text(1000)))))],
  ["unknown group", "traces", traces([], span(1, group(99, text(1))))],
];

describe("rewriteStrings", () => {
  it.each(places)("reaches the %s", (_place, signal, body) => {
    const holds = (bytes: Bytes): boolean => Buffer.from(bytes).includes(secret);
    expect(holds(body)).toBe(true);
    expect(holds(concat(...rewriteStrings(batch(body, signal), mask).parts))).toBe(false);
  });

  it("is shown every string and bytes field that OTLP defines", () => {
    const shown = new Set<string>();
    for (const [, signal, body] of places) {
      rewriteStrings(batch(body, signal), {
        text: (value, site) => {
          shown.add(`${site.message}.${site.field}`);
          return value;
        },
      });
    }
    const cold = new Set(["ExportResponse", "PartialSuccess", "Status", "Any", "ResourceProfiles", "ScopeProfiles"]);
    const all = Object.values(messageTypes)
      .filter((type) => !cold.has(type.name))
      .flatMap((type) => type.fields.map((field) => ({ type, field })))
      .filter(({ field }) => field?.type === "string" || field?.type === "bytes")
      .map(({ type, field }) => `${type.name}.${field!.name}`);
    const reached = new Set([
      ...shown,
      ...["ResourceLogs", "ScopeLogs", "ResourceMetrics", "ScopeMetrics"].map((name) => `${name}.schemaUrl`),
    ]);
    expect(all.filter((name) => !reached.has(name))).toEqual([]);
  });

  it("rewrites lengths up to the request and leaves everything else", () => {
    const body = traces([pair(1, "a", "b")], span(1, str(5, "short"), num(6, 2)), span(2));
    const long = "x".repeat(300);
    const rewritten = rewriteStrings(batch(body), { text: (value) => (value === "short" ? long : value) });
    expect(rewritten.items).toBe(2);
    expect(concat(...rewritten.parts)).toEqual(traces([pair(1, "a", "b")], span(1, str(5, long), num(6, 2)), span(2)));
  });

  it("tells where a string stands, and the keys around it", () => {
    const inner = len(2, len(6, pair(1, "email", "a@b")));
    const sites: string[] = [];
    rewriteStrings(batch(traces([], span(1, len(9, str(1, "user"), inner)))), {
      text: (value, { message, field, keys }) => {
        sites.push(`${value}: ${message}.${field} ${keys.join("/")}`);
        return value;
      },
    });
    expect(sites.toSorted()).toEqual([
      "a@b: AnyValue.stringValue user/email",
      "email: KeyValue.key user/email",
      "scope-schema: ScopeSpans.schemaUrl ",
      "user: KeyValue.key user",
    ]);
  });

  it("drops attributes by key, with everything in them, at any depth", () => {
    const nested = len(9, str(1, "user"), len(2, len(6, pair(1, "password", "x"), pair(1, "name", "n"))));
    const body = traces([pair(1, "password", "y")], span(1, nested, len(9, str(1, "password"), len(2, num(3, 7)))));
    const rewritten = rewriteStrings(batch(body), {
      text: (value) => value,
      attribute: (key) => (key === "password" ? "drop" : undefined),
    });
    expect(concat(...rewritten.parts)).toEqual(
      traces([], span(1, len(9, str(1, "user"), len(2, len(6, pair(1, "name", "n")))))),
    );
  });

  it("drops an entity with an id key it dropped", () => {
    const entity = (key: string): Bytes => len(3, str(2, "host"), str(3, key));
    const body = traces([pair(1, "host.id", "7"), entity("host.id"), entity("service.name")], span(1));
    const rewritten = rewriteStrings(batch(body), {
      text: (value) => value,
      attribute: (key) => (key === "host.id" ? "drop" : undefined),
    });
    expect(concat(...rewritten.parts)).toEqual(traces([entity("service.name")], span(1)));
  });

  it("replaces every value of an attribute, whatever its type, and puts the rest back as it was", () => {
    const shout = (value: string): string => `<${value}>`;
    const values = len(
      5,
      len(1, num(2, 1)),
      len(1, num(3, -7n)),
      len(1, fixed64(4, 0x3ff8000000000000n)),
      len(1, str(1, "s")),
    );
    const map = len(6, len(1, str(1, "inner"), len(2, str(7, "b"))));
    const body = traces(
      [pair(1, "a", "b")],
      span(1, len(9, str(1, "id"), len(2, values)), len(9, str(1, "id"), len(2, map))),
    );
    const rewritten = rewriteStrings(batch(body), {
      text: (value) => value,
      attribute: (key) => (key === "id" ? shout : undefined),
    });
    const replaced = len(
      5,
      len(1, str(1, "<true>")),
      len(1, str(1, "<-7>")),
      len(1, str(1, "<1.5>")),
      len(1, str(1, "<s>")),
    );
    const inner = len(6, len(1, str(1, "inner"), len(2, str(7, "<b>"))));
    expect(concat(...rewritten.parts)).toEqual(
      traces([pair(1, "a", "b")], span(1, len(9, str(1, "id"), len(2, replaced)), len(9, str(1, "id"), len(2, inner)))),
    );
  });

  it("judges an attribute with several keys by the strictest, and one without a key as an empty one", () => {
    const twice = len(9, str(1, "password"), str(1, "harmless"), len(2, str(1, "x")));
    const without = len(9, len(2, str(1, "y")));
    const rewritten = rewriteStrings(batch(traces([], span(1, twice, without))), {
      text: (value) => value,
      attribute: (key) => (key === "password" || key === "" ? "drop" : undefined),
    });
    expect(concat(...rewritten.parts)).toEqual(traces([], span(1)));
  });

  it("finds text in bytes that are not UTF-8, and leaves their other bytes", () => {
    const around = (text: string): Bytes => concat(Uint8Array.of(0xff), Buffer.from(text), Uint8Array.of(0xfe));
    const rewritten = rewriteStrings(batch(traces([], span(1, len(9, len(2, len(7, around(secret))))))), mask);
    expect(concat(...rewritten.parts)).toEqual(traces([], span(1, len(9, len(2, len(7, around("****")))))));
  });

  it("does not show what concerns nobody", () => {
    const shown: string[] = [];
    rewriteStrings(batch(traces([pair(1, "k", "v1")], span(1, str(5, "n2")))), {
      text: (value, _site, concern) => {
        shown.push(`${value} ${concern}`);
        return value;
      },
      concerns: (bytes, start, stop) => (bytes.subarray(start, stop).includes(0x32) ? 7 : 0),
    });
    expect(shown).toEqual(["n2 7"]);
  });

  it.each<[string, Bytes]>([
    ["in a key before its value", pair(9, secret, "v")],
    ["in a value behind its key", pair(9, "k", secret)],
    ["in a key behind its value", len(9, len(2, str(1, "v")), str(1, secret))],
    ["in a value before its key", len(9, len(2, str(1, secret)), str(1, "k"))],
    ["in bytes", len(9, str(1, "k"), len(2, len(7, Buffer.from(secret))))],
  ])("shows what concerns somebody %s", (_what, attribute) => {
    const concerns = (bytes: Uint8Array, start: number, stop: number): number =>
      Buffer.from(bytes.subarray(start, stop)).includes(secret) ? 1 : 0;
    const rewritten = rewriteStrings(batch(traces([], span(1, attribute))), { ...mask, concerns });
    expect(Buffer.from(concat(...rewritten.parts)).includes(secret)).toBe(false);
    expect(rewritten.items).toBe(1);
  });

  it("returns a batch in which nothing changes as it is", () => {
    const whole = batch(traces([pair(1, "k", "v")], span(1, str(5, "n"))));
    expect(rewriteStrings(whole, mask)).toBe(whole);
  });

  it("knows keys apart that look alike to its memory", () => {
    const keys = Array.from({ length: 20 }, (_, index) => `same.${String.fromCharCode(97 + index)}.same`);
    const asked: string[] = [];
    const body = traces([], span(1, ...[...keys, ...keys].map((key) => pair(9, key, "v"))));
    rewriteStrings(batch(body), {
      text: (value) => value,
      attribute: (key) => {
        asked.push(key);
        return undefined;
      },
    });
    expect(new Set(asked)).toEqual(new Set(keys));
  });

  it("leaves ids, numbers and bytes that are no text", () => {
    const bytes = len(9, str(1, "k"), len(2, len(7, Uint8Array.of(0xff, 0))));
    const body = traces([], span(1, bytes, hex(4, traceId(1).slice(16))));
    expect(concat(...rewriteStrings(batch(body), mask).parts)).toEqual(body);
  });

  it("writes what was not UTF-8 as UTF-8", () => {
    const rewritten = rewriteStrings(batch(traces([], span(1, len(5, Uint8Array.of(0x61, 0xff))))), mask);
    expect(JSON.stringify(decodeBatch(rewritten))).toContain("a\ufffd");
    expect(concat(...rewritten.parts)).toEqual(traces([], span(1, str(5, "a\ufffd"))));
  });

  it("throws for profiles", () => {
    expect(() => rewriteStrings(batch(len(1), "profiles"), mask)).toThrow(
      "the strings of profiles cannot be rewritten",
    );
  });
});
