/** Crossings as OTLP logs in JSON. Source: OpenTelemetry protocol, JSON Protobuf Encoding. */
import type { Crossing } from "@tracemend/context";
import { recordOfCrossing } from "@tracemend/context";

type Value = string | number | boolean;

const SCOPE = `{"name":"@tracemend/outbound","version":"1"}`;
/** SEVERITY_NUMBER_INFO. */
const INFO = 9;

/** What stands before and after the records of a batch, which commas join. */
export function envelopeOf(resource: Readonly<Record<string, Value>>): readonly [before: string, after: string] {
  const attributes = attributesOf(Object.entries(resource));
  return [
    `{"resourceLogs":[{"resource":{"attributes":[${attributes}]},"scopeLogs":[{"scope":${SCOPE},"logRecords":[`,
    "]}]}]}",
  ];
}

export function formatCrossing(crossing: Crossing): string {
  const { eventName, atMs, observedMs, severity, body, attributes, traceId, spanId } = recordOfCrossing(crossing);
  const ids = traceId === undefined ? "" : `"traceId":"${traceId}","spanId":"${spanId}",`;
  return (
    `{"timeUnixNano":"${nanos(atMs)}","observedTimeUnixNano":"${nanos(observedMs)}","eventName":"${eventName}",` +
    `"severityNumber":${INFO},"severityText":"${severity.toUpperCase()}","body":${valueOf(body)},${ids}` +
    `"attributes":[${attributesOf(attributes)}]}`
  );
}

function attributesOf(attributes: Iterable<readonly [name: string, value: Value]>): string {
  let text = "";
  for (const [name, value] of attributes) text += (text === "" ? "" : ",") + keyOf(name) + valueOf(value) + "}";
  return text;
}

/** The names of one process's attributes are few and come with every record: each is written once. */
const KEYS = new Map<string, string>();

function keyOf(name: string): string {
  const known = KEYS.get(name);
  if (known !== undefined) return known;
  const key = `{"key":${JSON.stringify(name)},"value":`;
  KEYS.set(name, key);
  return key;
}

function valueOf(value: Value): string {
  if (typeof value === "string") return '{"stringValue":' + JSON.stringify(value) + "}";
  if (typeof value === "boolean") return value ? '{"boolValue":true}' : '{"boolValue":false}';
  return Number.isSafeInteger(value) ? '{"intValue":"' + value + '"}' : '{"doubleValue":' + value + "}";
}

/** A 64-bit integer is a text in this encoding, and more than a number holds. */
function nanos(ms: number): string {
  const whole = Math.floor(ms);
  return `${whole}${String(Math.floor((ms - whole) * 1e6)).padStart(6, "0")}`;
}
