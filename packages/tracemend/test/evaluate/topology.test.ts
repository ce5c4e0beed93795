/** Chains with a culprit at each place: the first break names it. */
import { expect, test } from "vitest";
import { TOPOLOGIES, culprits, locate } from "../../src/evaluate/topology.ts";

test("there is a culprit at every place that something can tell of, in every cluster", () => {
  const called = culprits().map(({ called: hop }) => hop);
  expect(called).toContain("the hop between the border of cluster us and ap-in (cluster ap)");
  expect(called).toContain("the hop between us-in and service shop");
  expect(called).toContain("service stock");
  expect(TOPOLOGIES.map(({ places }) => places.length)).toEqual([5, 7, 10]);
});

test.each(["the hop between the border of cluster us and ap-in (cluster ap)", "service store"])(
  "%s is named",
  async (hop) => {
    const culprit = culprits().find(({ called, topology }) => called === hop && topology.name === "three clusters");
    if (culprit === undefined) throw new Error(`no culprit is ${hop}`);
    expect(await locate(culprit, 1)).toMatchObject({ wanted: hop, named: hop });
  },
);
