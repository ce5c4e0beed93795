import { describe, expect, it } from "vitest";
import { type Batch, defineStamp, type Signal } from "@tracemend/otlp";
import { type Bytes, concat, group, len, num, pair, span, str, tag, traces, varint } from "./support/bytes.ts";
import { batch } from "./support/read.ts";
import { decodeBatch, type Message } from "./support/reference.ts";

const stamp = defineStamp({ "deployment.environment": "prod", "cloud.region": "eu-1" });
const stamped = [pair(1, "deployment.environment", "prod"), pair(1, "cloud.region", "eu-1")];

function attributesOf(result: Batch): Record<string, unknown>[] {
  return (decodeBatch(result)["resourceSpans"] as Message[]).map((envelope) => {
    const attributes = (envelope["resource"] as Message)["attributes"] as { key: string; value: Message }[];
    return Object.fromEntries(attributes.map(({ key, value }) => [key, value["stringValue"] ?? value]));
  });
}

const both = { "deployment.environment": "prod", "cloud.region": "eu-1" };

describe("a stamp", () => {
  it("adds its attributes and leaves every other byte", () => {
    const result = stamp(batch(traces([pair(1, "service.name", "shop"), num(2, 4)], span(1), span(2))));
    const expected = traces([pair(1, "service.name", "shop"), num(2, 4), ...stamped], span(1), span(2));
    expect(result).toMatchObject({ spoofed: 0, batch: { items: 2, bytes: expected.length } });
    expect(concat(...result.batch.parts)).toEqual(expected);
  });

  it("finds the resource behind the spans, where the Collector writes it", () => {
    const result = stamp(batch(len(1, str(3, "url"), len(2, span(1)), len(1, pair(1, "a", "b")))));
    expect(attributesOf(result.batch)).toEqual([{ a: "b", ...both }]);
  });

  it("adds a resource where there is none", () => {
    const result = stamp(batch(concat(len(1, len(2, span(1))), len(1))));
    expect(attributesOf(result.batch)).toEqual([both, both]);
  });

  it("makes one resource of several, which readers merge, replace or take in turn", () => {
    const result = stamp(
      batch(len(1, len(1, pair(1, "a", "1")), len(2, span(1)), len(1, pair(1, "b", "2"), num(2, 9)))),
    );
    expect(concat(...result.batch.parts)).toEqual(
      len(1, len(1, pair(1, "a", "1"), pair(1, "b", "2"), num(2, 9), ...stamped), len(2, span(1))),
    );
  });

  it("overwrites what the sender claimed and counts it", () => {
    const result = stamp(
      batch(traces([pair(1, "cloud.region", "us-1"), pair(1, "a", "b"), pair(1, "cloud.region", "x")])),
    );
    expect(result.spoofed).toBe(2);
    expect(concat(...result.batch.parts)).toEqual(traces([pair(1, "a", "b"), ...stamped]));
  });

  it("does not count a value that is already right, and copies nothing when all are", () => {
    const right = batch(traces([...stamped, pair(1, "a", "b")], span(1)));
    expect(stamp(right)).toEqual({ batch: right, spoofed: 0 });
    expect(stamp(right).batch).toBe(right);
    expect(stamp(batch(traces([stamped[0]!], span(1)))).spoofed).toBe(0);
  });

  it("leaves one of a key that is right twice", () => {
    const result = stamp(batch(traces([...stamped, stamped[1]!])));
    expect(result.spoofed).toBe(0);
    expect(concat(...result.batch.parts)).toEqual(traces(stamped));
  });

  it.each<[string, Bytes]>([
    ["no value", len(1, str(1, "cloud.region"))],
    ["an empty value", len(1, str(1, "cloud.region"), len(2))],
    ["a number", len(1, str(1, "cloud.region"), len(2, num(3, 1)))],
    ["a value hidden behind the right one", len(1, str(1, "cloud.region"), len(2, str(1, "eu-1"), num(3, 1)))],
    ["a second value message", len(1, str(1, "cloud.region"), len(2, str(1, "eu-1")), len(2, str(1, "us-1")))],
    ["a key behind another key", len(1, str(1, "harmless"), len(2, str(1, "us-1")), str(1, "cloud.region"))],
    [
      "a key in front of whose tag and length are padded",
      len(1, len(2, str(1, "x")), tag(1, 2, 5), varint(12, 10), str(1, "cloud.region").subarray(2)),
    ],
  ])("does not let %s through", (_what, attribute) => {
    const result = stamp(batch(traces([attribute])));
    expect(result.spoofed).toBe(1);
    expect(concat(...result.batch.parts)).toEqual(traces(stamped));
  });

  it("keeps unknown fields and groups everywhere", () => {
    const unknown = concat(num(99, 1), group(98, str(1, "x")), str(1000, "y"));
    const body = concat(
      unknown,
      len(1, unknown, len(1, unknown, pair(1, "a", "b")), len(2, unknown, span(1, unknown))),
      unknown,
    );
    expect(concat(...stamp(batch(body)).batch.parts)).toEqual(
      concat(
        unknown,
        len(1, len(1, unknown, pair(1, "a", "b"), ...stamped), unknown, len(2, unknown, span(1, unknown))),
        unknown,
      ),
    );
  });

  it("rewrites lengths that were padded and lengths that grow", () => {
    const spans = len(2, ...Array.from({ length: 3 }, (_, index) => span(index + 1)));
    const resource = concat(tag(1, 2, 3), varint(0, 10));
    const body = concat(tag(1, 2, 2), varint(resource.length + spans.length, 6), resource, spans);
    expect(concat(...stamp(batch(body)).batch.parts)).toEqual(len(1, len(1, ...stamped), spans));
  });

  it.each<[Signal, Bytes]>([
    ["metrics", len(1, len(1, pair(1, "a", "b")), len(2, len(2, str(1, "m"), len(5, len(1)))))],
    ["logs", len(1, len(1, pair(1, "a", "b")), len(2, len(2, len(5, str(1, "hello")))))],
  ])("stamps %s", (signal, body) => {
    const rest = body.subarray(2 + len(1, pair(1, "a", "b")).length);
    expect(concat(...stamp(batch(body, signal)).batch.parts)).toEqual(
      len(1, len(1, pair(1, "a", "b"), ...stamped), rest),
    );
  });

  it("passes profiles as they are", () => {
    const profiles = batch(len(1, len(1)), "profiles");
    expect(stamp(profiles).batch).toBe(profiles);
  });

  it("writes keys and values of any text", () => {
    const odd = defineStamp({ schlüssel: "😀" + "x".repeat(200) });
    expect(attributesOf(odd(batch(len(1))).batch)).toEqual([{ schlüssel: "😀" + "x".repeat(200) }]);
  });

  it("is refused at definition when it could not be written", () => {
    expect(() => defineStamp({ "": "x" })).toThrow("attributes: a key must not be empty");
    expect(() => defineStamp({ a: 1 as unknown as string })).toThrow("attributes: a must be a string, not number");
  });

  it("of nothing changes nothing", () => {
    const body = batch(traces([], span(1)));
    expect(defineStamp({})(body).batch).toBe(body);
  });
});
