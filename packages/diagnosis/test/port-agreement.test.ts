import { describe, expect, it } from "vitest";
import type { Pair } from "../src/index.ts";
import { createEdge } from "../src/edge.ts";
import { comparePort, portsMislead } from "../src/port-agreement.ts";
import { defineSettings } from "../src/settings.ts";
import { createWorld } from "./support/world.ts";

const edge = () => createEdge(0, "edge", "us-1", "shop", defineSettings({ now: () => 0 }));
const from = (port: number) => ({ kind: "server" as const, attributes: { "network.peer.port": port } });

/** How many pairs are told by connection of 20 torn requests, after 20 answered ones whose spans tell `shift` more. */
function joined(shift: number): number {
  const pairs: Pair[] = [];
  const world = createWorld({ paired: (pair) => pairs.push(pair) });
  for (let port = 40_000; port < 40_020; port += 1) {
    world.wait(1_000);
    world.answer(world.forward({ localPort: port }), { ...from(port + shift), flags: 0x301 });
  }
  for (let port = 50_000; port < 50_020; port += 1) {
    world.wait(1_000);
    world.root(world.forward({ localPort: port }), from(port));
  }
  world.pass();
  return pairs.filter(({ by }) => by === "connection").length;
}

describe("the ports of an edge", () => {
  it("mislead where known pairs have others", () => {
    const one = edge();
    for (let at = 0; at < 7; at += 1) comparePort(one, 40_000, 41_000);
    expect(portsMislead(one)).toBe(false);
    comparePort(one, 40_000, 41_000);
    expect(portsMislead(one)).toBe(true);
  });

  it("do not where most agree, or spans do not tell them", () => {
    const one = edge();
    for (let at = 0; at < 100; at += 1) comparePort(one, 40_000, at % 2 === 0 ? 40_000 : 41_000);
    expect(portsMislead(one)).toBe(false);
    const other = edge();
    for (let at = 0; at < 100; at += 1) comparePort(other, 40_000, 0);
    expect(portsMislead(other)).toBe(false);
  });

  it("join torn requests only where answered ones had the same", () => {
    expect(joined(0)).toBe(20);
    expect(joined(1_000)).toBe(0);
  });
});
