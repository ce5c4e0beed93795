import { describe, expect, it } from "vitest";
import { readJsonBatch, type Signal } from "@tracemend/otlp";
import { messageTypes } from "../../src/wire/fields.ts";
import { type Bytes, concat, fixed32, fixed64, hex, len, num, str } from "../support/bytes.ts";
import { canonical } from "../support/canonical.ts";

function bytesOf(text: string, signal: Signal = "traces"): Bytes | string {
  const reading = readJsonBatch(signal, text);
  return reading.kind === "batch" ? concat(...reading.batch.parts) : reading.defect.message;
}

const span = (members: string): string => `{"resourceSpans":[{"scopeSpans":[{"spans":[{${members}}]}]}]}`;
const spanBytes = (...fields: readonly Bytes[]): Bytes => len(1, len(2, len(2, ...fields)));

describe("readJsonBatch", () => {
  it("reads the specification's example", () => {
    const text = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my.service"}}]},
      "scopeSpans":[{"scope":{"name":"my.library","version":"1.0.0"},"spans":[{
        "traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174","parentSpanId":"EEE19B7EC3C1B173",
        "name":"I'm a server span","startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000",
        "kind":2,"attributes":[{"key":"my.span.attr","value":{"stringValue":"some value"}}]}]}]}]}`;
    expect(bytesOf(text)).toEqual(
      len(
        1,
        len(1, len(1, str(1, "service.name"), len(2, str(1, "my.service")))),
        len(
          2,
          len(1, str(1, "my.library"), str(2, "1.0.0")),
          len(
            2,
            hex(1, "5b8efff798038103d269b633813fc60c"),
            hex(2, "eee19b7ec3c1b174"),
            hex(4, "eee19b7ec3c1b173"),
            str(5, "I'm a server span"),
            num(6, 2),
            fixed64(7, 1544712660000000000n),
            fixed64(8, 1544712661000000000n),
            len(9, str(1, "my.span.attr"), len(2, str(1, "some value"))),
          ),
        ),
      ),
    );
  });

  it.each<[string, string, Bytes]>([
    ["an unquoted time beyond 2^53", '"startTimeUnixNano":1544712660123456789', fixed64(7, 1544712660123456789n)],
    ["snake_case names", '"start_time_unix_nano":"5","trace_state":"a=b"', concat(str(3, "a=b"), fixed64(7, 5n))],
    ["an enum by name", '"kind":"SPAN_KIND_SERVER"', num(6, 2)],
    ["an enum in quotes", '"kind":"3"', num(6, 3)],
    ["an unknown enum number", '"kind":77', num(6, 77)],
    ["integers written as decimals", '"flags":257.0,"droppedLinksCount":1e1', concat(num(14, 10), fixed32(16, 257))],
    ["null as absent", '"name":null,"attributes":null,"status":null', concat()],
    ["unknown names of every shape", '"x":{"a":[1,{"b":null}]},"name":"n"', str(5, "n")],
    ["ids of other lengths, which are for the item check", '"traceId":"AB"', hex(1, "ab")],
    ["empty lists and objects", '"events":[],"status":{}', len(15)],
  ])("reads %s", (_what, members, fields) => {
    expect(bytesOf(span(members))).toEqual(spanBytes(fields));
  });

  it.each<[string, Bytes]>([
    ['{"intValue":"-9223372036854775808"}', num(3, -(2n ** 63n))],
    ['{"intValue":9223372036854775807}', num(3, 2n ** 63n - 1n)],
    ['{"doubleValue":"NaN"}', fixed64(4, 0x7ff8000000000000n)],
    ['{"doubleValue":"-Infinity"}', fixed64(4, 0xfff0000000000000n)],
    ['{"doubleValue":1.5}', fixed64(4, 0x3ff8000000000000n)],
    ['{"boolValue":false}', num(2, 0)],
    ['{"bytesValue":"/+8="}', len(7, Uint8Array.of(0xff, 0xef))],
    ['{"arrayValue":{"values":[{"stringValue":"a"},{}]}}', len(5, len(1, str(1, "a")), len(1))],
    ['{"kvlistValue":{"values":[{"key":"k"}]}}', len(6, len(1, str(1, "k")))],
    ["{}", concat()],
  ])("reads the attribute value %s", (json, value) => {
    expect(bytesOf(span(`"attributes":[{"key":"k","value":${json}}]`))).toEqual(
      spanBytes(len(9, str(1, "k"), len(2, value))),
    );
  });

  it("reads numbers of metrics, packed", () => {
    const text = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"exponentialHistogram":{"dataPoints":[
      {"scale":-3,"positive":{"offset":2,"bucketCounts":["1",18446744073709551615]}}]}}]}]}]}`;
    const point = concat(num(6, 5), len(8, num(1, 4), len(2, num(9, 1).subarray(1), num(9, -1n).subarray(1))));
    expect(bytesOf(text, "metrics")).toEqual(len(1, len(2, len(2, len(10, len(1, point))))));
  });

  it.each<[string, string]>([
    ["[]", "the body must be an object"],
    ['{"resourceSpans":{}}', "resourceSpans must be a list"],
    ['{"resourceSpans":[null]}', "resourceSpans[0] must be an object"],
    [
      span('"traceId":"xyz0"'),
      'resourceSpans[0].scopeSpans[0].spans[0].traceId must be pairs of hexadecimal digits, not "xyz0"',
    ],
    [span('"name":5'), "resourceSpans[0].scopeSpans[0].spans[0].name must be text"],
    [
      span('"kind":"SERVER"'),
      "resourceSpans[0].scopeSpans[0].spans[0].kind must be a whole number from -2147483648 to 2147483647",
    ],
    [
      span('"flags":4294967296'),
      "resourceSpans[0].scopeSpans[0].spans[0].flags must be a whole number from 0 to 4294967295",
    ],
    [span('"flags":-1'), "resourceSpans[0].scopeSpans[0].spans[0].flags must be a whole number from 0 to 4294967295"],
    [span('"flags":1.5'), "resourceSpans[0].scopeSpans[0].spans[0].flags must be a whole number from 0 to 4294967295"],
    [
      span('"startTimeUnixNano":"18446744073709551616"'),
      "resourceSpans[0].scopeSpans[0].spans[0].startTimeUnixNano must be a whole number from 0 to 18446744073709551615",
    ],
    [
      span('"attributes":[{"value":{"boolValue":"true"}}]'),
      "resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value.boolValue must be true or false",
    ],
    [
      span('"attributes":[{"value":{"doubleValue":"x"}}]'),
      "resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value.doubleValue must be a number",
    ],
    [
      span('"attributes":[{"value":{"bytesValue":"?"}}]'),
      "resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value.bytesValue must be base64",
    ],
    [
      span('"attributes":[{"value":{"intValue":1,"stringValue":"1"}}]'),
      "resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value has both intValue and stringValue",
    ],
    [
      `{"resourceSpans":[{},{"scopeSpans":[{"spans":[{},{},{"links":[{"spanId":"${"g".repeat(99)}"}]}]}]}]}`,
      `resourceSpans[1].scopeSpans[0].spans[2].links[0].spanId must be pairs of hexadecimal digits, not "${"g".repeat(40)}…"`,
    ],
    [
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"ab","traceId":"abc"}]}]}]}',
      'resourceSpans[0].scopeSpans[0].spans[0].traceId must be pairs of hexadecimal digits, not "abc"',
    ],
    ["{", "a name is missing at 1"],
    ["", "a value is missing at 0"],
  ])("refuses %s", (text, message) => {
    expect(bytesOf(text)).toBe(message);
  });

  it("refuses values nested deeper than the next hop would follow", () => {
    const value = `${'{"arrayValue":{"values":['.repeat(60)}{}${"]}}".repeat(60)}`;
    expect(readJsonBatch("traces", span(`"attributes":[{"value":${value}}]`))).toMatchObject({
      defect: { code: "depth" },
    });
  });

  it("counts items and reads an empty object as nothing", () => {
    expect(readJsonBatch("traces", "{}")).toMatchObject({ kind: "batch", batch: { items: 0, bytes: 0 } });
    expect(readJsonBatch("logs", '{"resource_logs":[{"scope_logs":[{"log_records":[{},{}]}]}]}')).toMatchObject({
      batch: { items: 2 },
    });
  });

  it("refuses profiles", () => {
    expect(bytesOf("{}", "profiles")).toBe("profiles are not read from JSON");
  });

  it("writes what is canonical already", () => {
    const bytes = bytesOf(span('"name":"n","kind":1,"traceId":"01"')) as Bytes;
    expect(canonical(messageTypes.Traces, bytes)).toEqual(bytes);
  });
});
