import { expect, it } from "vitest";
import { envelopeOf, formatCrossing } from "../../src/crossings/otlp-json.ts";
import { PARENT, TRACE } from "../peers.ts";
import { crossingOfGet } from "./told.ts";

function attributesIn(text: string): ReadonlyMap<string, unknown> {
  const { attributes } = JSON.parse(text) as { readonly attributes: readonly { key: string; value: unknown }[] };
  return new Map(attributes.map(({ key, value }) => [key, value]));
}

it("a record has its time in nanoseconds as text, its severity and the context that left", () => {
  expect(JSON.parse(formatCrossing(crossingOfGet()))).toMatchObject({
    timeUnixNano: "1700000000012500000",
    observedTimeUnixNano: "1700000000012500000",
    eventName: "tracemend.crossing",
    severityNumber: 9,
    severityText: "INFO",
    body: { stringValue: "service preserve: intact" },
    traceId: TRACE,
    spanId: PARENT,
  });
});

it("a record without a context names none", () => {
  const record = JSON.parse(formatCrossing(crossingOfGet({}, []))) as object;
  expect(record).not.toHaveProperty("traceId");
  expect(record).not.toHaveProperty("spanId");
});

it("values are written by their type, whatever they hold", () => {
  const attributes = attributesIn(formatCrossing(crossingOfGet({ path: '/"\n\u{1F600}\uD800' })));
  expect(attributes.get("tracemend.crossing.path")).toEqual({ stringValue: '/"\n\u{1F600}\uD800' });
  expect(attributes.get("tracemend.crossing.status")).toEqual({ intValue: "200" });
  expect(attributes.get("tracemend.crossing.end")).toEqual({ doubleValue: 1_700_000_000_012.5 });
  expect(attributes.get("tracemend.crossing.own-parent")).toEqual({ boolValue: false });
  expect(attributes.has("tracemend.crossing.user-agent")).toBe(false);
});

it("the envelope names the resource and what wrote it", () => {
  const [before, after] = envelopeOf({ "service.name": 'sh"op', replica: 2 });
  expect(JSON.parse(before + after)).toEqual({
    resourceLogs: [
      {
        resource: {
          attributes: [
            { key: "service.name", value: { stringValue: 'sh"op' } },
            { key: "replica", value: { intValue: "2" } },
          ],
        },
        scopeLogs: [{ scope: { name: "@tracemend/outbound", version: "1" }, logRecords: [] }],
      },
    ],
  });
});
