import { describe, expect, it } from "vitest";
import { createEdge } from "../src/edge.ts";
import { comparePath, pathsTell, wantsPath } from "../src/path-agreement.ts";
import { defineSettings } from "../src/settings.ts";

const edge = () => createEdge(0, "edge", "us-1", "shop", defineSettings({ now: () => 0 }));

describe("the paths of an edge", () => {
  it("tell requests apart once enough spans had the path that was forwarded", () => {
    const one = edge();
    for (let at = 0; at < 29; at += 1) comparePath(one, 7, 7);
    expect(pathsTell(one)).toBe(false);
    comparePath(one, 7, 7);
    expect(pathsTell(one)).toBe(true);
  });

  it("tell nothing where something rewrites them, or spans do not say them", () => {
    const one = edge();
    for (let at = 0; at < 100; at += 1) comparePath(one, 7, at % 10 === 0 ? 8 : 7);
    expect(pathsTell(one)).toBe(false);
    const other = edge();
    for (let at = 0; at < 100; at += 1) comparePath(other, 7, 0);
    expect(pathsTell(other)).toBe(false);
  });

  it("are read of the first answers and then of few", () => {
    const one = edge();
    const wanted = Array.from({ length: 1_000 }, () => wantsPath(one)).filter(Boolean).length;
    expect(wanted).toBe(64 + Math.floor(1_000 / 64) - 1);
  });
});
