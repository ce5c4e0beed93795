import { inspect } from "node:util";
import { expect, it } from "vitest";
import { alterCrossing, cross, crossingOf, defineBoundary, tellAll } from "../src/index.ts";
import type { Crossing, Exchanged } from "../src/index.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const LINES = ["Host", "a", "User-Agent", "curl", "X-Request-Id", "7", "traceparent", TRACEPARENT];
const EXCHANGED: Exchanged = {
  startMs: 0,
  endMs: 1.5,
  protocol: "http/1.1",
  scheme: "http",
  method: "GET",
  target: "/a?b=c",
  authority: "a",
  downstream: undefined,
  status: 200,
  failure: undefined,
  lines: LINES,
};
const boundary = defineBoundary({ name: "edge", side: "egress", cluster: "eu-1" });
const passage = cross(boundary, LINES, () => undefined);
const crossing = crossingOf(passage, EXCHANGED);
/** What is known of it, told one by one. */
const whole = {
  boundary: "edge",
  side: "egress",
  cluster: "eu-1",
  reading: passage.reading,
  verdict: passage.verdict,
  spans: passage.spans,
  startMs: 0,
  endMs: 1.5,
  protocol: "http/1.1",
  scheme: "http",
  method: "GET",
  path: "/a",
  authority: "a",
  userAgent: "curl",
  requestId: "7",
  downstream: undefined,
  upstream: undefined,
  status: 200,
  grpcStatus: undefined,
  failure: undefined,
  answer: undefined,
};

it("a crossing has the passage and what its transport knows, however it is looked at", () => {
  expect(crossing).toMatchObject(whole);
  expect(alterCrossing(crossing, {})).toEqual(whole);
  expect(JSON.parse(JSON.stringify(crossing))).toEqual(JSON.parse(JSON.stringify(whole)));
  expect(inspect(crossing)).toBe(inspect(alterCrossing(crossing, {})));
});

it("a copy with other values is whole and plain, and leaves the crossing as it is", () => {
  const altered = alterCrossing(crossing, { path: "/b", userAgent: "other" });
  expect(altered).toEqual({ ...whole, path: "/b", userAgent: "other" });
  expect(alterCrossing(altered, { path: "/a", userAgent: "curl" })).toEqual(whole);
  expect(crossing).toMatchObject(whole);
});

it("nothing that explains a plain passage is worked out before it is asked for", () => {
  const asked: string[] = [];
  const watched = new Proxy(passage, {
    get(target, name) {
      asked.push(String(name));
      return Reflect.get(target, name, target) as unknown;
    },
  });
  const unasked = crossingOf(watched, EXCHANGED);
  expect(unasked.endMs).toBe(1.5);
  expect(asked).not.toContain("verdict");
  expect(asked).not.toContain("reading");
  expect(unasked.verdict).toBe(passage.verdict);
});

it("a crossing does not end before it starts", () => {
  expect(crossingOf(passage, { ...EXCHANGED, startMs: 99 })).toMatchObject({ startMs: 99, endMs: 99 });
});

it("every observer is told with what the runtime offers", () => {
  const told: unknown[] = [];
  const waitUntil = (): void => {};
  const observer = { crossed: (...all: unknown[]) => told.push(all) };
  tellAll([observer, observer]).crossed(crossing, waitUntil);
  expect(told).toEqual([
    [crossing, waitUntil],
    [crossing, waitUntil],
  ]);
});

it("an observer that throws reaches neither the others nor the request", () => {
  const told: Crossing[] = [];
  const failing = {
    crossed() {
      throw new Error("watching failed");
    },
  };
  tellAll([failing, { crossed: (each) => told.push(each) }]).crossed(crossing);
  expect(told).toEqual([crossing]);
});
