import { expect, it } from "vitest";
import { addRefusals } from "../../src/workers/refusals.ts";

it("callers that workers turned away are added up by boundary and reason", () => {
  const none = addRefusals([]);
  const counts = { "proxy-header": 1, untrusted: 2 } as never;
  const one = [{ boundary: "in", counts }];
  expect(none).toEqual([]);
  expect(addRefusals([one, [], [...one, { boundary: "out", counts }]])).toEqual([
    { boundary: "in", counts: { "proxy-header": 2, untrusted: 4 } },
    { boundary: "out", counts },
  ]);
});
