import { describe, expect, it } from "vitest";
import { createResolver } from "../../src/upstream/resolver.ts";
import type { DnsQuestions } from "../../src/upstream/resolver.ts";

type Addresses = Readonly<Record<string, readonly { address: string; ttl: number }[]>>;

/** Answers from tables; what is in none is not found. */
function dnsOf(four: Addresses, six: Addresses = {}, srv: readonly (readonly [string, number, number, number])[] = []) {
  const ask = (table: Addresses) => (name: string) => {
    const found = table[name];
    return found === undefined ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve([...found]);
  };
  return {
    resolve4: ask(four),
    resolve6: ask(six),
    resolveSrv: () => Promise.resolve(srv.map(([name, port, priority, weight]) => ({ name, port, priority, weight }))),
  } as unknown as DnsQuestions;
}

describe("the resolver", () => {
  it("finds the addresses of both families, for as long as the shortest may be kept", async () => {
    const dns = dnsOf({ a: [{ address: "10.0.0.1", ttl: 30 }] }, { a: [{ address: "fd00::1", ttl: 20 }] });
    expect(await createResolver(dns).addresses("a")).toEqual({
      endpoints: [
        { host: "10.0.0.1", port: undefined },
        { host: "fd00::1", port: undefined },
      ],
      ttlMs: 20_000,
    });
    await expect(createResolver(dns).addresses("b")).rejects.toThrow("ENOTFOUND");
  });

  it("asks nobody about an address", async () => {
    expect((await createResolver(dnsOf({})).addresses("10.0.0.1")).ttlMs).toBe(Number.POSITIVE_INFINITY);
  });

  it("finds services with priority and weight, the weight shared by the addresses of a target", async () => {
    const dns = dnsOf(
      {
        a: [
          { address: "10.0.0.1", ttl: 5 },
          { address: "10.0.0.2", ttl: 60 },
        ],
        b: [{ address: "10.0.0.3", ttl: 60 }],
      },
      {},
      [
        ["a", 81, 1, 10],
        ["b", 82, 2, 0],
        ["gone", 83, 1, 1],
      ],
    );
    expect(await createResolver(dns).services("_http._tcp.shop")).toEqual({
      endpoints: [
        { host: "10.0.0.1", port: 81, priority: 1, weight: 5 },
        { host: "10.0.0.2", port: 81, priority: 1, weight: 5 },
        { host: "10.0.0.3", port: 82, priority: 2, weight: 0.01 },
      ],
      ttlMs: 5_000,
    });
  });

  it("keeps services no longer than half a minute, and finds none where no target has an address", async () => {
    const dns = dnsOf({ a: [{ address: "10.0.0.1", ttl: 3_600 }] }, {}, [["a", 81, 1, 1]]);
    expect((await createResolver(dns).services("s")).ttlMs).toBe(30_000);
    await expect(createResolver(dnsOf({}, {}, [["a", 81, 1, 1]])).services("s")).rejects.toThrow("no target of s");
  });
});
