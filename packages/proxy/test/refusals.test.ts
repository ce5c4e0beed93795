import { describe, expect, it } from "vitest";
import { createRefusals } from "../src/refusals.ts";
import type { Refusal } from "../src/plane/plane.ts";

const REFUSAL: Refusal = {
  kind: "malformed",
  peer: { address: "127.0.0.1", port: 1 },
  status: 400,
  detail: "a method that is none",
  atMs: 0,
};

describe("refusals", () => {
  it("are counted by kind and told as they are", () => {
    const told: Refusal[] = [];
    const refusals = createRefusals((refusal) => void told.push(refusal));
    refusals.tell(REFUSAL);
    refusals.tell({ ...REFUSAL, kind: "flood" });
    expect(refusals.counts()).toMatchObject({ malformed: 1, flood: 1, "slow-head": 0 });
    expect(told).toHaveLength(2);
  });

  it("are counted though the listener throws, and though there is none", () => {
    const refusals = createRefusals(() => {
      throw new Error("listener");
    });
    refusals.tell(REFUSAL);
    expect(refusals.counts().malformed).toBe(1);
    const unheard = createRefusals(undefined);
    unheard.tell(REFUSAL);
    expect(unheard.counts().malformed).toBe(1);
  });
});
