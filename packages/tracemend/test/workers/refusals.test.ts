import type { RefusalCounts } from "@tracemend/proxy";
import { expect, it } from "vitest";
import { addRefusals } from "../../src/workers/refusals.ts";

it("callers that workers turned away are added up by boundary and reason", () => {
  const none = addRefusals([]);
  const counts = { malformed: 1, "head-too-large": 2 } as RefusalCounts;
  const one = [{ boundary: "in", counts }];
  expect(none).toEqual([]);
  expect(addRefusals([one, [], [...one, { boundary: "out", counts }]])).toEqual([
    { boundary: "in", counts: { malformed: 2, "head-too-large": 4 } },
    { boundary: "out", counts },
  ]);
});
