import { describe, expect, test } from "vitest";
import { createFakeClock } from "../../../test/support/clock.ts";
import { createReachability } from "../src/reachability.ts";
import { never } from "./batches.ts";

function setUp() {
  const clock = createFakeClock();
  const told: string[] = [];
  const reachability = createReachability(clock, (reachable, message) => told.push(`${String(reachable)} ${message}`));
  return { clock, told, reachability };
}

describe("reachability", () => {
  test("begins with nobody there, and tells each change once", () => {
    const { reachability, told } = setUp();
    expect(reachability.reachable).toBe(false);
    reachability.down("refused");
    reachability.up();
    reachability.answered();
    reachability.down("gone");
    reachability.down("still gone");
    expect(told).toEqual(["false refused", "true connected", "false gone"]);
    expect(reachability.lastFailure).toBe("still gone");
  });

  test("a send without answer counts against a connected peer until an answer comes", () => {
    const { reachability, told } = setUp();
    reachability.up();
    reachability.failing("no answer");
    expect(reachability).toMatchObject({ reachable: false, connected: true });
    reachability.answered();
    expect(reachability.reachable).toBe(true);
    expect(told).toEqual(["true connected", "false no answer", "true answered"]);
  });

  test("a new connection forgets the failures of the old one", () => {
    const { reachability } = setUp();
    reachability.up();
    reachability.failing("no answer");
    reachability.down("reset");
    reachability.up();
    expect(reachability.reachable).toBe(true);
  });

  test("a failure counts for thirty seconds when no further send says anything", () => {
    const { reachability, clock } = setUp();
    reachability.up();
    reachability.failing("no answer");
    clock.advance(29_999);
    expect(reachability.reachable).toBe(false);
    clock.advance(1);
    expect(reachability.reachable).toBe(true);
  });

  test("those who wait are woken by a connection or by their own signal", async () => {
    const { reachability } = setUp();
    const stop = new AbortController();
    const waits = Promise.all([reachability.whenConnected(stop.signal), reachability.whenConnected(stop.signal)]);
    stop.abort();
    await waits;
    expect(reachability.connected).toBe(false);
    const connected = reachability.whenConnected(never);
    reachability.up();
    await connected;
    await reachability.whenConnected(never);
  });
});
