/** What hops make of headers: each changes what its class says and nothing else. */
import type { FieldLines } from "@tracemend/context";
import { fieldValue, fieldValues, read } from "@tracemend/context";
import { expect, test } from "vitest";
import * as hops from "../../src/evaluate/hop.ts";
import { createRandom } from "../../src/evaluate/random.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const LINES: FieldLines = [
  "traceparent",
  `00-${TRACE}-00f067aa0ba902b7-03`,
  "tracestate",
  "a=1",
  "x-tracemend-context",
  "tm1.x",
  "accept",
  "*/*",
];

function after(hop: hops.Hop, lines = LINES): FieldLines {
  return hop(lines, createRandom(7));
}

test.each([
  [hops.stripTraceparent, ["tracestate", "x-tracemend-context", "accept"]],
  [hops.stripW3c, ["x-tracemend-context", "accept"]],
  [hops.stripAll, ["accept"]],
  [hops.stripTracestate, ["traceparent", "x-tracemend-context", "accept"]],
])("a stripping hop leaves the other fields: %#", (hop, names) => {
  expect(after(hop).filter((_, at) => at % 2 === 0)).toEqual(names);
});

test.each([
  [hops.clearSampled, 2],
  [hops.clearRandom, 1],
  [hops.setSampled, 3],
])("a hop changes one flag: %#", (hop, flags) => {
  expect(fieldValue(after(hop), "traceparent")).toBe(`00-${TRACE}-00f067aa0ba902b7-0${flags}`);
});

test("a restart keeps tracestate and a ghost keeps the trace", () => {
  const restarted = after(hops.restartTrace);
  expect(fieldValue(restarted, "traceparent")).not.toContain(TRACE);
  expect(fieldValue(restarted, "tracestate")).toBe("a=1");
  expect(fieldValue(after(hops.ghostParentBefore), "traceparent")).toMatch(
    new RegExp(`^00-${TRACE}-(?!00f067aa0ba902b7)`),
  );
});

test("every spoilt traceparent is invalid, and a doubled one conflicts", () => {
  const random = createRandom(3);
  for (let at = 0; at < 50; at += 1) expect(read(hops.malform(LINES, random)).kind).toBe("invalid");
  expect(fieldValues(after(hops.duplicate), "traceparent")).toHaveLength(2);
});
