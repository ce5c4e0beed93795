import { expect, it } from "vitest";
import { mergeUpstreams } from "../../src/workers/upstreams.ts";

it("adds up what is under way, and takes the worst that a worker thinks of an endpoint", () => {
  const of = (open: number, state: "healthy" | "unhealthy" | "ejected", address = "a:1") => [
    { boundary: "in", states: [{ name: "shop", open, retries: 1, endpoints: [{ address, state, open }] }] },
  ];
  expect(mergeUpstreams([of(1, "healthy"), of(2, "ejected"), of(3, "healthy", "b:1"), []])).toEqual([
    {
      boundary: "in",
      states: [
        {
          name: "shop",
          open: 6,
          retries: 3,
          endpoints: [
            { address: "a:1", state: "ejected", open: 3 },
            { address: "b:1", state: "healthy", open: 3 },
          ],
        },
      ],
    },
  ]);
});
