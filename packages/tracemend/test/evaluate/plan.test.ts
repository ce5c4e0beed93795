/** Which trials there are: every edge and class, and the shares in turn. */
import { expect, test } from "vitest";
import { SHARES, plansOf, selectEdges } from "../../src/evaluate/plan.ts";
import type { Selection } from "../../src/evaluate/plan.ts";
import { shop } from "./shop.ts";

const SELECTION: Selection = {
  scale: "normal",
  seed: 1,
  edge: undefined,
  breakClasses: ["dropped by callee"],
  inFlight: [],
};
/** The edges of the shop, and the classes of that name. */
const EDGES = 2;
const CLASSES = 3;

test("each class takes another share on each edge, and all of them at full scale", () => {
  const normal = plansOf(selectEdges([shop()], SELECTION), SELECTION).map(({ share }) => SHARES.indexOf(share));
  const [first = 0, second = 0] = normal;
  expect(normal).toHaveLength(EDGES * CLASSES);
  expect((first + 1) % SHARES.length).toBe(second);
  const full: Selection = { ...SELECTION, scale: "full" };
  const [edge] = plansOf(selectEdges([shop()], full), full);
  expect(edge?.requests).toBe(1_000);
  expect(plansOf(selectEdges([shop()], full), full)).toHaveLength(EDGES * CLASSES * SHARES.length);
});

test("a part of an evaluation is tried as it is in the whole", () => {
  const whole = plansOf(selectEdges([shop()], SELECTION), SELECTION);
  const part: Selection = { ...SELECTION, edge: "stock→store", breakClasses: ["dropped by callee, times"] };
  const [plan, ...others] = plansOf(selectEdges([shop()], part), part);
  expect(others).toEqual([]);
  const same = whole.find(({ edge, breakClass }) => edge.name === "stock→store" && breakClass === plan?.breakClass);
  expect(plan).toMatchObject({ share: same?.share, requestsPerSecond: same?.requestsPerSecond });
});

test("an edge with too few requests is left out and named", () => {
  const [selected] = selectEdges([shop(10)], SELECTION);
  expect(selected?.edges).toEqual([]);
  expect(selected?.leftOut).toEqual(["shop→stock: 10 requests", "stock→store: 10 requests"]);
});
