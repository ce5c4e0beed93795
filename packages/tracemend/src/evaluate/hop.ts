/** The classes of breaks between two borders: what a hop makes of the headers of a request. */
import type { FieldLines } from "@tracemend/context";
import { fieldValue } from "@tracemend/context";
import type { Random } from "./random.ts";

export type Hop = (lines: FieldLines, random: Random) => FieldLines;

export const stripTraceparent: Hop = (lines) => without(lines, ["traceparent"]);

export const stripW3c: Hop = (lines) => without(lines, ["traceparent", "tracestate"]);

export const stripAll: Hop = (lines) => without(lines, ["traceparent", "tracestate", "x-tracemend-context"]);

export const stripTracestate: Hop = (lines) => without(lines, ["tracestate"]);

/** The hop passes our member on, as W3C asks, under a trace of its own. */
export const restartTrace: Hop = (lines, random) =>
  withTraceparent(lines, (parts) => ["00", random.traceId(), random.spanId(), parts[3] as string]);

export const ghostParentBefore: Hop = (lines, random) =>
  withTraceparent(lines, (parts) => [parts[0] as string, parts[1] as string, random.spanId(), parts[3] as string]);

export const clearSampled: Hop = (lines) => withFlags(lines, (flags) => flags & ~1);

export const setSampled: Hop = (lines) => withFlags(lines, (flags) => flags | 1);

export const clearRandom: Hop = (lines) => withFlags(lines, (flags) => flags & ~2);

/** The ways in which gateways and SDKs were seen to spoil a traceparent. */
const SPOILS: readonly ((value: string) => string)[] = [
  (value) => value.toUpperCase(),
  (value) => value.slice(0, 54),
  (value) => value.slice(19),
  (value) => `ff${value.slice(2)}`,
  () => `00-${"0".repeat(32)}-${"0".repeat(16)}-01`,
];

export const malform: Hop = (lines, random) => {
  const spoil = SPOILS[random.below(SPOILS.length)] as (value: string) => string;
  const value = fieldValue(lines, "traceparent");
  return value === undefined ? lines : [...without(lines, ["traceparent"]), "traceparent", spoil(value)];
};

/** The hop adds its own line and leaves the one that came in. */
export const duplicate: Hop = (lines, random) => [
  ...lines,
  "traceparent",
  `00-${random.traceId()}-${random.spanId()}-01`,
];

function without(lines: FieldLines, names: readonly string[]): FieldLines {
  return lines.filter((_, at) => !names.includes((lines[at - (at % 2)] as string).toLowerCase()));
}

function withTraceparent(lines: FieldLines, change: (parts: readonly string[]) => readonly string[]): FieldLines {
  const value = fieldValue(lines, "traceparent");
  if (value === undefined) return lines;
  const changed = change(value.split("-")).join("-");
  return lines.map((text) => (text === value ? changed : text));
}

function withFlags(lines: FieldLines, change: (flags: number) => number): FieldLines {
  return withTraceparent(lines, ([version, traceId, parentId, flags]) => [
    version as string,
    traceId as string,
    parentId as string,
    (change(Number.parseInt(flags as string, 16)) & 0xff).toString(16).padStart(2, "0"),
  ]);
}
