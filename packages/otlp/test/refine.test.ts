import { describe, expect, it } from "vitest";
import { forEachSpan, type ItemDefect, refineBatch } from "@tracemend/otlp";
import {
  type Bytes,
  concat,
  fixed64,
  hex,
  len,
  num,
  pair,
  span,
  spanId,
  str,
  traceId,
  traces,
} from "./support/bytes.ts";
import { batch } from "./support/read.ts";

const good = span(9);
const ids = (trace: string, own: string, ...more: readonly Bytes[]): Bytes =>
  len(2, hex(1, trace), hex(2, own), ...more);
const badText = len(5, Uint8Array.of(0x61, 0xff));

describe("refineBatch rejects a span", () => {
  it.each<[string, Bytes, ItemDefect]>([
    ["with a trace id of 15 bytes", ids(traceId(1).slice(2), spanId(1)), "trace-id"],
    ["with a trace id of 17 bytes", ids(`${traceId(1)}00`, spanId(1)), "trace-id"],
    ["with a trace id of zeros", ids(traceId(0), spanId(1)), "trace-id"],
    ["without a trace id", len(2, hex(2, spanId(1))), "trace-id"],
    ["whose last trace id is empty", span(1, hex(1, "")), "trace-id"],
    ["with a span id of zeros", ids(traceId(1), spanId(0)), "span-id"],
    ["without a span id", len(2, hex(1, traceId(1))), "span-id"],
    ["with a span id of a trace id's length", ids(traceId(1), traceId(1)), "span-id"],
    ["with a parent id of 4 bytes", span(1, hex(4, "00000001")), "parent-span-id"],
    ["with a link whose trace id is cut", span(1, len(13, hex(1, "01"), hex(2, spanId(1)))), "link"],
    ["with a name that is not UTF-8", span(1, badText), "text"],
    [
      "with an attribute deep in a map that is not UTF-8",
      span(1, len(9, len(2, len(6, len(1, len(2, len(1, Uint8Array.of(0x80)))))))),
      "text",
    ],
  ])("%s, and no other span", (_what, bad, defect) => {
    const { batch: refined, ...result } = refineBatch(batch(traces([], good, bad)));
    expect(result).toMatchObject({ rejected: 1, defects: new Map([[defect, 1]]) });
    expect(result.message).toMatch(/^1 of 2 items rejected: .+ \(1\)$/);
    expect(concat(...refined.parts)).toEqual(traces([], good));
  });

  it("under a resource that is not UTF-8, as the next hop would refuse the whole batch for it", () => {
    const resource = len(1, len(1, len(1, Uint8Array.of(0xc0))));
    const { batch: refined, rejected } = refineBatch(
      batch(concat(len(1, resource, len(2, good, good)), traces([], good))),
    );
    expect(rejected).toBe(2);
    expect(concat(...refined.parts)).toEqual(traces([], good));
  });
});

describe("refineBatch", () => {
  it("leaves a good batch as it is", () => {
    const untouched = batch(traces([pair(1, "a", "b")], good, span(2, hex(4, spanId(9))), span(3, hex(4, ""))));
    expect(refineBatch(untouched)).toEqual({
      batch: untouched,
      rejected: 0,
      message: "",
      defects: new Map(),
      canonicalized: false,
    });
    expect(refineBatch(untouched).batch).toBe(untouched);
  });

  it("drops an envelope without items that would make the next hop refuse the batch", () => {
    const body = concat(len(1, len(3, Uint8Array.of(0xff))), traces([], good));
    const { batch: refined, rejected } = refineBatch(batch(body));
    expect(rejected).toBe(0);
    expect(concat(...refined.parts)).toEqual(traces([], good));
  });

  it("counts by defect and says so", () => {
    const { message, defects } = refineBatch(
      batch(traces([], good, ids("", spanId(1)), ids("00", spanId(1)), span(1, badText))),
    );
    expect([...defects]).toEqual([
      ["trace-id", 2],
      ["text", 1],
    ]);
    expect(message).toBe("3 of 4 items rejected: trace id is not 16 bytes or is zero (2), a string is not UTF-8 (1)");
  });

  it("lets a log record be without ids, but not with ids of another length", () => {
    const logs = len(
      1,
      len(2, len(2, len(5, str(1, "x"))), len(2, hex(9, traceId(0))), len(2, hex(9, "01")), len(2, hex(10, "01"))),
    );
    expect([...refineBatch(batch(logs, "logs")).defects]).toEqual([
      ["trace-id", 1],
      ["span-id", 1],
    ]);
  });

  it("rejects single data points, and a metric of several kinds as a whole", () => {
    const point = (...exemplar: readonly Bytes[]): Bytes => len(1, fixed64(6, 1n), len(5, ...exemplar));
    const metrics = len(
      1,
      len(
        2,
        len(2, str(1, "m"), len(5, point(), point(hex(5, "01")))),
        len(2, str(1, "odd"), len(5, point()), len(7, point(hex(4, "01")), point())),
      ),
    );
    const { batch: refined, defects } = refineBatch(batch(metrics, "metrics"));
    expect([...defects]).toEqual([["exemplar", 3]]);
    expect(concat(...refined.parts)).toEqual(len(1, len(2, len(2, str(1, "m"), len(5, point())))));
  });

  it("leaves of repeated ids the one that counts, so that no two hops shard by different ones", () => {
    const twice = len(
      2,
      hex(1, traceId(1)),
      hex(2, spanId(1)),
      hex(1, traceId(2)),
      hex(4, spanId(5)),
      hex(4, spanId(6)),
    );
    const { batch: refined, canonicalized } = refineBatch(batch(traces([], twice)));
    expect(canonicalized).toBe(true);
    expect(concat(...refined.parts)).toEqual(
      traces([], len(2, hex(2, spanId(1)), hex(1, traceId(2)), hex(4, spanId(6)))),
    );
  });

  it("leaves one service.name, of one resource", () => {
    const body = len(
      1,
      len(1, pair(1, "service.name", "a")),
      len(1, pair(1, "x", "y"), pair(1, "service.name", "b")),
      len(2, good),
    );
    const { batch: refined } = refineBatch(batch(body));
    expect(concat(...refined.parts)).toEqual(
      len(1, len(1, pair(1, "service.name", "a"), pair(1, "x", "y")), len(2, good)),
    );
    const names: unknown[] = [];
    forEachSpan(refined, (view) => names.push(view.resourceAttribute("service.name")));
    expect(names).toEqual(["a"]);
  });

  it("leaves the last member of a oneof, and keeps what is unknown", () => {
    const value = len(2, str(1, "hidden"), num(99, 1), num(3, 5));
    const { batch: refined } = refineBatch(batch(traces([], span(1, len(9, str(1, "k"), value)))));
    expect(concat(...refined.parts)).toEqual(traces([], span(1, len(9, str(1, "k"), len(2, num(99, 1), num(3, 5))))));
  });

  it("passes profiles", () => {
    const profiles = batch(len(1, len(2, len(2))), "profiles");
    expect(refineBatch(profiles).batch).toBe(profiles);
  });
});
