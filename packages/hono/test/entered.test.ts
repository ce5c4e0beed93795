import type { Passage } from "@tracemend/context";
import { defineServiceBoundary } from "@tracemend/context";
import { expect, it } from "vitest";
import { PARENT, SHOP, TRACEPARENT } from "../../../test/support/service.ts";
import { enter, pass } from "../src/entered.ts";

it("has no verdict worked out that nobody asks for", () => {
  const service = defineServiceBoundary({ boundary: SHOP });
  let asked = 0;
  const counting = {
    ...service,
    cross: (...head: Parameters<typeof service.cross>): Passage => {
      const passage = service.cross(...head);
      const { verdict } = passage;
      return Object.defineProperty(passage, "verdict", { get: () => ((asked += 1), verdict) });
    },
  };
  const request = new Request("http://edge/", { headers: { traceparent: TRACEPARENT } });
  expect(pass(counting, request, undefined)).toBe(request);
  const { passage } = enter(counting, request, undefined);
  expect(asked).toBe(0);
  expect(passage.verdict.context?.parentId).toBe(PARENT);
  expect(asked).toBe(1);
});
