import { describe, expect, it } from "vitest";
import { createArrivalBook } from "../src/arrival-book.ts";
import { createWorld } from "./support/world.ts";

describe("the edges before a boundary", () => {
  it("keep a place for clusters however many addresses call", () => {
    const world = createWorld();
    const book = createArrivalBook(600_000);
    for (let at = 0; at < 500; at += 1) book.open(world.crossing({ peer: `10.0.${at >> 8}.${at & 255}`, lines: [] }));
    expect(book.openFrom("edge", "us-1", "eu-1")).toMatchObject({ from: "eu-1", known: true });
    expect(book.all()).toHaveLength(64 + 1 + 1);
    expect(book.all().map(({ from }) => from)).toContain("other callers");
    expect(book.refused()).toBe(0);
  });

  it("are bounded in all, and count what they refuse", () => {
    const book = createArrivalBook(600_000);
    for (let at = 0; at < 300; at += 1) book.openFrom(`b${at}`, "us-1", "eu-1");
    expect(book.all()).toHaveLength(256);
    expect(book.refused()).toBe(44);
  });
});
