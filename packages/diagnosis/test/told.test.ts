import { describe, expect, it } from "vitest";
import type { Edge } from "../src/edge.ts";
import { createEdge } from "../src/edge.ts";
import { METHOD_BITS, STATUS_BITS, methodBits, statusBits } from "../src/outcome.ts";
import {
  compareTraits,
  noteConnection,
  outcomeBits,
  pathsTell,
  portsMislead,
  portsTellAtOnce,
  wantsComparing,
} from "../src/told.ts";
import { defineSettings } from "../src/settings.ts";
import { createTornWorld } from "./support/torn-world.ts";
import type { TornWorld } from "./support/torn-world.ts";

const edge = () => createEdge(0, "edge", "us-1", "shop", defineSettings({ now: () => 0 }));

const UNKNOWN = { path: 0, outcome: 0, port: 0 };

function comparePath(one: Edge, ours: number, theirs: number): void {
  compareTraits(one, { ...UNKNOWN, path: ours }, { ...UNKNOWN, path: theirs });
}

function comparePort(one: Edge, ours: number, theirs: number): void {
  compareTraits(one, { ...UNKNOWN, port: ours }, { ...UNKNOWN, port: theirs });
}

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
    const wanted = Array.from({ length: 1_000 }, () => wantsComparing(one)).filter(Boolean).length;
    expect(wanted).toBe(64 + Math.floor(1_000 / 64) - 1);
  });

  it("follow what changes behind it", () => {
    const one = edge();
    for (let at = 0; at < 100_000; at += 1) comparePath(one, 7, 8);
    expect(pathsTell(one)).toBe(false);
    for (let at = 0; at < 10_000; at += 1) comparePath(one, 7, 7);
    expect(pathsTell(one)).toBe(true);
  });
});

describe("methods and statuses of an edge", () => {
  it("tell requests apart each for itself", () => {
    const one = edge();
    const get = methodBits(3, "G".charCodeAt(0));
    const compare = (ours: number, theirs: number): void =>
      compareTraits(one, { ...UNKNOWN, outcome: ours }, { ...UNKNOWN, outcome: theirs });
    for (let at = 0; at < 30; at += 1) compare(get | statusBits(200), get);
    expect(outcomeBits(one)).toBe(METHOD_BITS);
    for (let at = 0; at < 30; at += 1) compare(get | statusBits(404), get | statusBits(404));
    expect(outcomeBits(one)).toBe(METHOD_BITS | STATUS_BITS);
    // Something in between answers another status than the service.
    for (let at = 0; at < 30; at += 1) compare(get | statusBits(200), get | statusBits(404));
    expect(outcomeBits(one)).toBe(METHOD_BITS);
  });
});

describe("the ports of an edge", () => {
  it("mislead where known pairs have others", () => {
    const one = edge();
    for (let at = 0; at < 7; at += 1) comparePort(one, 40_000, 41_000);
    expect(portsMislead(one)).toBe(false);
    comparePort(one, 40_000, 41_000);
    expect(portsMislead(one)).toBe(true);
  });

  it("mislead where lost requests have no root on theirs", () => {
    const one = edge();
    for (let at = 0; at < 8; at += 1) noteConnection(one, at === 0);
    expect(portsMislead(one)).toBe(false);
    noteConnection(one, false);
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

  it("tell at once where few requests wait, else after some were compared", () => {
    const one = edge();
    one.waiting = 32;
    expect(portsTellAtOnce(one)).toBe(true);
    one.waiting = 33;
    expect(portsTellAtOnce(one)).toBe(false);
    for (let at = 0; at < 8; at += 1) comparePort(one, 40_000, 40_000);
    expect(portsTellAtOnce(one)).toBe(true);
  });
});

/** How many requests are told to have a root of their connection, and how many of these rightly. */
function connections(world: TornWorld): [number, number] {
  world.pass();
  world.wait(70_000);
  const told = world.pairs.filter(({ by }) => by === "connection");
  return [told.length, world.right(told)];
}

/** 20 torn requests after as many answered ones, whose spans all tell ports that are `shift` more than ours. */
function calm(shift: number): [number, number] {
  const world = createTornWorld();
  const from = (port: number) => ({ kind: "server" as const, attributes: { "network.peer.port": port + shift } });
  for (let port = 40_000; port < 40_020; port += 1) {
    world.wait(1_000);
    world.answer(world.forward({ localPort: port }), { ...from(port), flags: 0x301 });
  }
  for (let port = 50_000; port < 50_020; port += 1) {
    world.wait(1_000);
    world.root(world.forward({ localPort: port }), from(port));
  }
  return connections(world);
}

/** 500 torn requests and no answered one, each open for 200 ms and the next 10 ms later; their roots come after 2 s. */
function busy(portOf: (request: number) => number): [number, number] {
  const world = createTornWorld({ maxBytes: 4 << 20, upstreamServices: { shop: "shop" } });
  const owed: (() => void)[] = [];
  for (let request = 0; request < 700; request += 1) {
    world.clock.ms += 10;
    if (request < 500) {
      const crossing = world.forward({ localPort: 40_000 + request, durationMs: 200 });
      owed.push(() => world.root(crossing, { attributes: { "network.peer.port": portOf(request) } }));
    }
    if (request >= 200) owed[request - 200]?.();
    if (request % 100 === 99) world.diagnosis.tick();
  }
  return connections(world);
}

describe("connections", () => {
  it("join torn requests where answered ones had the same port, else none", () => {
    expect(calm(0)).toEqual([20, 20]);
    expect(calm(1_000)).toEqual([0, 0]);
  });

  it("join many requests of which no pair is known", () => {
    expect(busy((request) => 40_000 + request)).toEqual([500, 500]);
  });

  it("join none where roots have their ports by chance alone", () => {
    // Every 20th root has the port of another request that is open.
    expect(busy((request) => (request % 20 === 15 ? 40_002 + request : 10_000 + request))).toEqual([0, 0]);
  });
});
