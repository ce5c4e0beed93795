import { describe, expect, test } from "vitest";
import { createFakeClock } from "../../../test/support/clock.ts";
import { createReachability } from "../src/reachability.ts";
import type { Reachability } from "../src/reachability.ts";
import { createFailover } from "../src/regions-failover.ts";
import type { FailoverTarget } from "../src/regions-failover.ts";
import { batchOf, never } from "./batches.ts";
import { createFixedSink } from "./stages/sinks.ts";

function setUp(afterMs: number) {
  const clock = createFakeClock();
  const switched: string[] = [];
  const made: Reachability[] = [];
  const target = (origin: string): FailoverTarget => {
    const reachability = createReachability(clock, () => failover.changed());
    made.push(reachability);
    const sink = createFixedSink({ kind: "refused", message: origin });
    return { origin, region: origin, reachability, sink };
  };
  const [first, second, third] = [target("first"), target("second"), target("third")];
  const others = [second, third];
  const failover = createFailover({ first, others, afterMs, clock, switched: ({ origin }) => switched.push(origin) });
  const to = async (): Promise<string> => {
    const outcome = await failover.sink.accept(batchOf("traces", 1), never);
    return outcome.kind === "refused" ? outcome.message : "";
  };
  return { clock, failover, to, switched, reachabilities: made as [Reachability, Reachability, Reachability] };
}

describe("failover", () => {
  test("waits its time, goes to the first that is there, and comes back at once", async () => {
    const { clock, to, switched, reachabilities } = setUp(30_000);
    const [first, second, third] = reachabilities;
    for (const each of reachabilities) each.up();
    first.down("gone");
    clock.advance(29_999);
    expect(await to()).toBe("first");
    clock.advance(1);
    expect(await to()).toBe("second");
    second.down("gone too");
    expect(await to()).toBe("third");
    third.down("all gone");
    expect(await to()).toBe("first");
    first.up();
    expect(await to()).toBe("first");
    expect(switched).toEqual(["second", "third", "first"]);
  });

  test("a first choice that was never there is given the same time", async () => {
    const { clock, failover, reachabilities } = setUp(5_000);
    const [, , third] = reachabilities;
    third.up();
    const connected = failover.reachability.whenConnected(never);
    expect(failover.reachability.connected).toBe(false);
    clock.advance(5_000);
    await connected;
    expect(failover.reachability.connected).toBe(true);
    expect(failover.reachability.reachable).toBe(true);
  });

  test("one that answers nothing counts as gone since then, and is tried again after a while", async () => {
    const { clock, to, reachabilities } = setUp(10_000);
    for (const each of reachabilities) each.up();
    reachabilities[0].failing("no answer");
    clock.advance(10_000);
    expect(await to()).toBe("second");
    clock.advance(20_000);
    expect(await to()).toBe("first");
    reachabilities[0].failing("no answer");
    expect(await to()).toBe("second");
  });
});
