import { describe, expect, it } from "vitest";
import { isDivisible, mergeBatches, readBatch, type Signal } from "@tracemend/otlp";
import { type Bytes, concat, hex, len, num, pair, span, str, tag, traceId, traces, varint } from "./support/bytes.ts";
import { batch } from "./support/read.ts";
import { decodeBatch } from "./support/reference.ts";

describe("readBatch", () => {
  it("takes an empty body as a batch of nothing", () => {
    expect(batch(concat())).toEqual({ signal: "traces", parts: [], items: 0, bytes: 0 });
  });

  it("shares the memory of the body", () => {
    const body = traces([pair(1, "service.name", "shop")], span(1), span(2));
    const read = batch(body);
    expect(read).toMatchObject({ items: 2, bytes: body.length });
    expect(read.parts[0]).toBe(body);
  });

  it("counts log records and data points", () => {
    expect(batch(len(1, len(2, len(2, len(5, str(1, "hello"))), len(2))), "logs").items).toBe(2);
    expect(batch(len(1, len(2, len(2, len(5, len(1), len(1))))), "metrics").items).toBe(2);
  });

  it("passes profiles without looking into them", () => {
    const body = concat(len(2, len(5, str(1, "frame"))), len(1, len(1), len(2, len(2, tag(1, 7)))));
    expect(readBatch("profiles", body)).toMatchObject({ kind: "malformed" });
    expect(batch(concat(len(2, str(5, "frame")), len(1, len(2, len(2), len(2)))), "profiles").items).toBe(2);
  });

  it("says what is wrong with a body and where", () => {
    expect(readBatch("traces", concat(tag(1, 2), varint(5)))).toEqual({
      kind: "malformed",
      defect: { code: "overrun", offset: 1, message: "a length of 5 reaches behind its message at byte 1" },
    });
  });

  it("judges a body by its own signal", () => {
    const log = len(1, len(2, len(2, num(2, 9))));
    expect(readBatch("logs", log).kind).toBe("batch");
    expect(readBatch("traces", log)).toMatchObject({ kind: "malformed", defect: { code: "wire-type" } });
  });
});

describe("mergeBatches", () => {
  const one = batch(traces([pair(1, "service.name", "a")], span(1)));
  const two = batch(traces([pair(1, "service.name", "b")], span(2), span(3)));

  it("concatenates without copying", () => {
    const merged = mergeBatches([one, two]);
    expect(merged).toMatchObject({ items: 3, bytes: one.bytes + two.bytes, parts: [one.parts[0], two.parts[0]] });
    expect(decodeBatch(merged)["resourceSpans"]).toEqual(
      [one, two].flatMap((part) => decodeBatch(part)["resourceSpans"]),
    );
  });

  it("returns a single batch as it is", () => {
    expect(mergeBatches([one])).toBe(one);
  });

  it("throws for what cannot be one request", () => {
    const profiles = batch(len(1), "profiles");
    expect(() => mergeBatches([])).toThrow(TypeError);
    expect(() => mergeBatches([one, batch(len(1), "logs")])).toThrow("traces cannot be merged with logs");
    expect(() => mergeBatches([profiles, profiles])).toThrow("profiles cannot be merged");
    expect(mergeBatches([profiles])).toBe(profiles);
  });
});

it("isDivisible is false for profiles only", () => {
  const signals: readonly Signal[] = ["traces", "metrics", "logs", "profiles"];
  expect(signals.filter((signal) => !isDivisible(signal))).toEqual(["profiles"]);
});

describe("what readBatch finds suspect", () => {
  const zeros = "0".repeat(32);
  const logs = (...record: readonly Bytes[]): Bytes => len(1, len(2, len(2, ...record)));
  const exemplar = (digits: string): Bytes => len(1, len(2, len(2, len(5, len(1, len(5, hex(5, digits)))))));
  it.each<[string, boolean, Signal, Bytes]>([
    ["spans with their ids", false, "traces", traces([], span(1), span(2, hex(4, "00f067aa0ba902b7")))],
    ["a parent id of no bytes", false, "traces", traces([], span(1, len(4)))],
    ["a short trace id", true, "traces", traces([], len(2, hex(1, "0af7"), hex(2, "b7ad6b7169203331")))],
    ["a span without a span id", true, "traces", traces([], len(2, hex(1, traceId(1))))],
    ["a trace id of zeros", true, "traces", traces([], len(2, hex(1, zeros), hex(2, "b7ad6b7169203331")))],
    ["a second trace id", true, "traces", traces([], span(1, hex(1, traceId(2))))],
    [
      "a second trace id beside a span without one",
      true,
      "traces",
      traces([], span(1, hex(1, traceId(2))), len(2, hex(2, "b7ad6b7169203331"))),
    ],
    ["ids that begin and end with zeros", false, "traces", traces([], span(256))],
    ["a long parent id", true, "traces", traces([], span(1, hex(4, traceId(1))))],
    ["a link with a short id", true, "traces", traces([], span(1, len(13, hex(1, "0a"))))],
    ["a log record without ids", false, "logs", logs(str(12, "event"))],
    ["a log record with a short trace id", true, "logs", logs(hex(9, "0af7"))],
    ["an exemplar with its trace id", false, "metrics", exemplar(traceId(1))],
    ["an exemplar with a long trace id", true, "metrics", exemplar(`${traceId(1)}00`)],
  ])("%s: %s", (_what, suspect, signal, body) => {
    expect(readBatch(signal, body)).toMatchObject({ kind: "batch", suspect });
  });
});
