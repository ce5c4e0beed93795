import type { SrvRecord } from "node:dns";
import { describe, expect, test } from "vitest";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { watchDns } from "../../src/balance/dns.ts";
import type { DnsLookup, DnsOptions } from "../../src/balance/dns.ts";
import { settled } from "../stages/sinks.ts";

type Records = { v4?: [string, number][]; v6?: [string, number][]; srv?: SrvRecord[]; code?: string };

function setUp(records: Records, options: Omit<DnsOptions, "lookup"> = {}) {
  const clock = createFakeClock();
  const found: (readonly string[])[] = [];
  const failures: string[] = [];
  const none = (): never => {
    throw Object.assign(new Error(`query ${records.code ?? "ENODATA"}`), { code: records.code ?? "ENODATA" });
  };
  const list = (pairs: [string, number][] | undefined) => pairs?.map(([address, ttl]) => ({ address, ttl })) ?? none();
  const lookup: DnsLookup = {
    resolve4: async () => list(records.v4),
    resolve6: async () => list(records.v6),
    resolveSrv: async () => records.srv ?? none(),
  };
  const events = {
    found: (peers: readonly string[]) => found.push(peers),
    failed: (text: string) => failures.push(text),
  };
  const resolver = watchDns("collector", 4317, { ...options, lookup }, clock, events);
  return { clock, found, failures, resolver };
}

describe("peers from a name server", () => {
  test("are the addresses of both families, and are told only when they differ", async () => {
    const records: Records = {
      v4: [
        ["10.0.0.2", 60],
        ["10.0.0.1", 60],
      ],
      v6: [["fd00::1", 60]],
    };
    const { clock, found } = setUp(records);
    await settled();
    expect(found).toEqual([["10.0.0.1:4317", "10.0.0.2:4317", "[fd00::1]:4317"]]);
    clock.advance(5_000);
    await settled();
    expect(found).toHaveLength(1);
    records.v4 = [["10.0.0.3", 60]];
    clock.advance(5_000);
    await settled();
    expect(found[1]).toEqual(["10.0.0.3:4317", "[fd00::1]:4317"]);
  });

  test("are asked for again when the shortest time to live is over, but not within a second", async () => {
    const records: Records = {
      v4: [
        ["10.0.0.1", 2],
        ["10.0.0.2", 30],
      ],
    };
    const { clock } = setUp(records);
    await settled();
    await clock.whenDueIn(2_000);
    records.v4 = [["10.0.0.1", 0]];
    clock.advance(2_000);
    await settled();
    await clock.whenDueIn(1_000);
    expect(clock.pending).toBe(1);
  });

  test("stay as they were when the server fails, says nothing, or knows one family only in part", async () => {
    const records: Records = { v4: [["10.0.0.1", 60]] };
    const { clock, found, failures } = setUp(records);
    await settled();
    records.code = "ESERVFAIL";
    clock.advance(5_000);
    await settled();
    delete records.v4;
    clock.advance(5_000);
    await settled();
    expect(failures).toEqual(["query ESERVFAIL", "query ESERVFAIL"]);
    expect(found).toEqual([["10.0.0.1:4317"]]);
  });

  test("are the targets of the first priority of SRV records", async () => {
    const srv = (name: string, priority: number): SrvRecord => ({ name, port: 4_318, priority, weight: 1 });
    const { found } = setUp({ srv: [srv("b", 1), srv("a", 1), srv("backup", 2)] }, { record: "srv" });
    await settled();
    expect(found).toEqual([["a:4318", "b:4318"]]);
  });

  test("are not asked for any more after closing", async () => {
    const { clock, resolver } = setUp({ v4: [["10.0.0.1", 60]] });
    await settled();
    resolver.close();
    expect(clock.pending).toBe(0);
  });
});
