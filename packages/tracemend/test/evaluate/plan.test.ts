/** Which trials there are: every edge and class, and the shares in turn. */
import { expect, test } from "vitest";
import { SHARES, plansOf, selectEdges } from "../../src/evaluate/plan.ts";
import type { Selection } from "../../src/evaluate/plan.ts";
import { shop } from "./shop.ts";

const SELECTION: Selection = { scale: "normal", seed: 1, edge: undefined, breakClasses: ["dropped by callee"] };

test("each class takes another share on each edge, and all of them at full scale", () => {
  const normal = plansOf(selectEdges([shop(), shop()], SELECTION), SELECTION);
  expect(normal.map(({ share }) => share)).toEqual([0.5, 1, 1, 0.02, 0.02, 0.1, 0.1, 0.5]);
  const full: Selection = { ...SELECTION, scale: "full" };
  const [edge] = plansOf(selectEdges([shop()], full), full);
  expect(edge?.requests).toBe(1_000);
  expect(plansOf(selectEdges([shop()], full), full)).toHaveLength(2 * 2 * SHARES.length);
});

test("an edge with too few requests is left out and named", () => {
  const [selected] = selectEdges([shop(10)], SELECTION);
  expect(selected?.edges).toEqual([]);
  expect(selected?.leftOut).toEqual(["shop→stock: 10 requests", "stock→store: 10 requests"]);
});
