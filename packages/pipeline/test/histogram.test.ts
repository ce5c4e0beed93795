import { expect, test } from "vitest";
import { createHistogram } from "../src/histogram.ts";

test("counts each figure under the first bound that holds it", () => {
  const histogram = createHistogram([1, 10]);
  for (const value of [0, 1, 1.5, 10, 11, 500]) histogram.add(value);
  expect(histogram.read()).toEqual({ bounds: [1, 10], counts: [2, 2, 2], sum: 523.5 });
});
