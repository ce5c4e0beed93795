import { describe, expect, it } from "vitest";
import type { FakeClock } from "../../../../test/support/clock.ts";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { failureOf } from "../../src/failure.ts";
import type { Resolved, UpstreamOptions, WatchEndpoints } from "../../src/index.ts";
import { completeEngine } from "../../src/options.ts";
import { completeUpstream } from "../../src/upstream/options.ts";
import { Service } from "../../src/upstream/service.ts";
import type { FakePlane } from "./fake-plane.ts";
import { answerOf, createFakePlane } from "./fake-plane.ts";

interface Rig {
  readonly service: Service;
  readonly plane: FakePlane;
  readonly clock: FakeClock;
  readonly picks: (count: number, trace?: string) => (string | undefined)[];
}

function open(
  options: Partial<UpstreamOptions>,
  resolve: () => Promise<Resolved> = () => Promise.reject(new Error("no resolver")),
  watch?: WatchEndpoints,
): Rig {
  const clock = createFakeClock();
  const plane = createFakePlane();
  const engine = completeEngine({ clock });
  const settings = completeUpstream({ name: "svc", url: "http://svc:80", ...options }, "upstream", engine);
  let seed = 0;
  const random = () => ((seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31), seed / 2 ** 31);
  const service = new Service(settings, {
    plane,
    engine,
    random,
    resolver: { addresses: resolve, services: resolve },
    watch,
  });
  const lines = (trace?: string) => (trace === undefined ? [] : ["traceparent", `00-${trace}-00f067aa0ba902b7-01`]);
  return {
    service,
    plane,
    clock,
    picks: (count, trace) => Array.from({ length: count }, () => service.pick(lines(trace))?.key),
  };
}

const THREE = { endpoints: ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"] };
const closed = () => AbortSignal.abort();

/** One after the other as the event loop runs promises that are settled already. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe("an upstream of several endpoints", () => {
  it("takes them in turn", () => {
    const { picks } = open(THREE);
    expect(new Set(picks(3)).size).toBe(3);
    expect(picks(3)).toEqual(picks(3));
  });

  it("takes them in turn by their weights, the turns of one between those of others", () => {
    const { picks } = open({ endpoints: [{ address: "a:80", weight: 3 }, "b:80", { address: "c:80", weight: 2 }] });
    expect(picks(6)).toEqual(["a:80", "c:80", "a:80", "b:80", "c:80", "a:80"]);
    const count = (key: string, of: readonly unknown[]) => of.filter((one) => one === key).length;
    const many = picks(600);
    expect(["a:80", "b:80", "c:80"].map((key) => count(key, many))).toEqual([300, 100, 200]);
  });

  it("goes to the less busy of two for its weight", () => {
    const endpoints = [{ address: "a:80", weight: 4 }, "b:80"];
    const { service, picks } = open({ endpoints, balance: "least-request" });
    for (let at = 0; at < 2; at += 1) service.pick([])?.enter();
    expect(picks(4)).toEqual(["a:80", "a:80", "a:80", "a:80"]);
  });

  it("goes to the less busy of two", () => {
    const { service, picks } = open({ ...THREE, balance: "least-request" });
    const busy = service.pick([]);
    for (let at = 0; at < 5; at += 1) busy?.enter();
    expect(picks(50)).not.toContain(busy?.key);
  });

  it("keeps a trace at one place, and the others where one is ejected", () => {
    const { service, picks } = open({ ...THREE, balance: "hash", ejection: { failures: 1 } });
    const traces = Array.from({ length: 64 }, (_, at) => at.toString(16).padStart(32, "1"));
    const before = traces.map((trace) => picks(2, trace));
    for (const [one, other] of before) expect(one).toBe(other);
    const gone = service.pick([]);
    if (gone !== undefined) service.report(gone, true);
    const after = traces.map((trace) => picks(1, trace)[0]);
    const stayed = before.flatMap(([place], at) => (place === gone?.key ? [] : [[place, after[at]]]));
    expect(stayed.every(([then, now]) => then === now)).toBe(true);
    expect(stayed.length).toBeLessThan(traces.length);
    expect(after).not.toContain(gone?.key);
  });

  it.each(["round-robin", "least-request", "hash"] as const)("tries another the second time (%s)", (balance) => {
    const { service } = open({ endpoints: THREE.endpoints.slice(0, 2), balance });
    for (let at = 0; at < 20; at += 1) {
      const tried = service.pick([]);
      expect(service.pick([], tried)).not.toBe(tried);
    }
  });

  it("asks TLS for the name of the upstream whatever the address", () => {
    const { plane } = open({ ...THREE, url: "https://svc.example" });
    expect(plane.targets.map(({ url, tls }) => [url.hostname, tls.serverName])).toEqual([
      ["10.0.0.1", "svc.example"],
      ["10.0.0.2", "svc.example"],
      ["10.0.0.3", "svc.example"],
    ]);
  });
});

describe("an endpoint that fails", () => {
  it("is left out after failures in a row, for longer each time, and comes back", () => {
    const { service, clock, picks } = open({ ...THREE, ejection: { failures: 2, baseMs: 100, maxMs: 150 } });
    const ill = service.pick([]);
    const fail = () => ill && service.report(ill, true);
    fail();
    if (ill !== undefined) service.report(ill, false);
    fail();
    expect(picks(6)).toContain(ill?.key);
    fail();
    expect(picks(6)).not.toContain(ill?.key);
    clock.advance(100);
    expect(picks(6)).toContain(ill?.key);
    fail();
    fail();
    clock.advance(149);
    expect(picks(6)).not.toContain(ill?.key);
    clock.advance(1);
    expect(picks(6)).toContain(ill?.key);
  });

  it("is not left out where too many are already, nor where it is the only one", () => {
    const { service, picks } = open({ ...THREE, ejection: { failures: 1 } });
    const [one, other] = [service.pick([]), service.pick([])];
    for (const endpoint of [one, other]) if (endpoint !== undefined) service.report(endpoint, true);
    expect(picks(6)).not.toContain(one?.key);
    expect(picks(6)).toContain(other?.key);
    const single = open({ ejection: { failures: 1 } });
    const only = single.service.pick([]);
    if (only !== undefined) single.service.report(only, true);
    expect(single.service.state().endpoints).toEqual([{ address: "svc:80", state: "healthy", open: 0 }]);
  });
});

describe("health checks", () => {
  const health = { path: "/healthz", intervalMs: 100, timeoutMs: 50, healthyAfter: 2, unhealthyAfter: 2 };

  it("leave out an endpoint that does not answer, and take it back", () => {
    const { service, plane, clock, picks } = open({ endpoints: ["a:80", "b:80"], health });
    const states = () => service.state().endpoints.map(({ state }) => state);
    const answer = (a: number | undefined, b: number) => {
      for (const call of plane.sent.splice(0)) {
        const status = call.key.startsWith("a") ? a : b;
        if (status !== undefined) call.events.answered(answerOf(status));
      }
      clock.advance(100);
    };
    answer(503, 200);
    expect(states()).toEqual(["healthy", "healthy"]);
    answer(undefined, 200);
    expect(states()).toEqual(["unhealthy", "healthy"]);
    expect(new Set(picks(6))).toEqual(new Set(["b:80"]));
    for (let round = 0; round < 4; round += 1) answer(200, 200);
    expect(states()).toEqual(["healthy", "healthy"]);
  });

  it("send requests everywhere where nobody is well", () => {
    const { plane, clock, picks } = open({ endpoints: ["a:80", "b:80"], health: { ...health, unhealthyAfter: 1 } });
    for (const call of plane.sent.splice(0)) call.events.failed(failureOf("unreachable"));
    clock.advance(100);
    expect(new Set(picks(6))).toEqual(new Set(["a:80", "b:80"]));
  });

  it("end with the upstream", async () => {
    const { service, clock } = open({ ...THREE, health });
    await service.close(closed());
    clock.advance(10_000);
    expect(clock.pending).toBe(0);
  });
});

describe("an upstream whose endpoints are found by name", () => {
  it("uses the name itself until the answer, then what it says, and asks again in time", async () => {
    const answers = [
      ["10.0.0.1", "10.0.0.2"],
      ["10.0.0.2", "fd00::1"],
    ];
    const { picks, clock, plane } = open({ discovery: "dns", url: "http://svc:8080" }, () =>
      Promise.resolve({
        endpoints: (answers.shift() ?? []).map((host) => ({ host, port: undefined })),
        ttlMs: 5_000,
      }),
    );
    expect(picks(1)).toEqual(["svc:8080"]);
    await settled();
    expect(new Set(picks(4))).toEqual(new Set(["10.0.0.1:8080", "10.0.0.2:8080"]));
    expect(plane.closed).toEqual(["svc:8080"]);
    clock.advance(5_000);
    await settled();
    expect(new Set(picks(4))).toEqual(new Set(["10.0.0.2:8080", "[fd00::1]:8080"]));
    clock.advance(5_000);
    await settled();
    expect(new Set(picks(4)).size).toBe(2);
  });

  it("is for the host of its URL, whatever that leads to", () => {
    const found = () => Promise.resolve({ endpoints: [{ host: "10.0.0.1", port: 81 }], ttlMs: 1_000 });
    expect(open({ discovery: "srv", url: "http://shop.internal" }, found).service.host).toBe("shop.internal");
    expect(open({ url: "http://[::1]:8080" }).service.host).toBe("::1");
  });

  it("keeps what it knows while the resolver fails, and lets what is under way finish where one goes", async () => {
    const answers = [["10.0.0.1"], undefined, ["10.0.0.2"]];
    const { service, picks, clock, plane } = open({ discovery: "srv" }, () => {
      const hosts = answers.shift();
      if (hosts === undefined) return Promise.reject(new Error("SERVFAIL"));
      return Promise.resolve({ endpoints: hosts.map((host) => ({ host, port: 81 })), ttlMs: 1_000 });
    });
    await settled();
    const held = service.pick([]);
    held?.enter();
    clock.advance(1_000);
    await settled();
    expect(picks(1)).toEqual(["10.0.0.1:81"]);
    clock.advance(1_000);
    await settled();
    expect(picks(1)).toEqual(["10.0.0.2:81"]);
    expect(plane.closed).not.toContain("10.0.0.1:81");
    held?.leave();
    await settled();
    expect(plane.closed).toContain("10.0.0.1:81");
  });
});

describe("endpoints of several priorities", () => {
  const srv = (...endpoints: Resolved["endpoints"]) =>
    open({ discovery: "srv" }, () => Promise.resolve({ endpoints, ttlMs: 60_000 }));
  const at = (host: string, priority: number, weight = 1) => ({ host, port: 81, priority, weight });

  it("are taken from the best that has one that is well", async () => {
    const { service, picks } = open({ discovery: "srv", ejection: { failures: 1, share: 1 } }, () =>
      Promise.resolve({ endpoints: [at("a", 1), at("b", 1), at("spare", 2)], ttlMs: 60_000 }),
    );
    await settled();
    expect(new Set(picks(6))).toEqual(new Set(["a:81", "b:81"]));
    for (let round = 0; round < 2; round += 1) {
      const ill = service.pick([]);
      if (ill !== undefined) service.report(ill, true);
    }
    expect(new Set(picks(6))).toEqual(new Set(["spare:81"]));
    const tried = service.pick([]);
    expect(service.pick([], tried)).not.toBe(tried);
  });

  it("share the turns of one priority by weight", async () => {
    const { picks } = srv(at("a", 1, 1), at("b", 1, 3), at("c", 9, 100));
    await settled();
    const many = picks(40);
    expect(["a:81", "b:81", "c:81"].map((key) => many.filter((one) => one === key).length)).toEqual([10, 30, 0]);
  });

  it("keep a trace within the best priority", async () => {
    const { service } = open({ discovery: "srv", balance: "hash" }, () =>
      Promise.resolve({ endpoints: [at("a", 1), at("b", 2), at("c", 2)], ttlMs: 60_000 }),
    );
    await settled();
    const keys = Array.from({ length: 20 }, () => service.pick([])?.key);
    expect(new Set(keys)).toEqual(new Set(["a:81"]));
  });
});

describe("an upstream whose endpoints are watched", () => {
  it("uses the name itself until some are found, then those, and no longer than it is open", async () => {
    let tell: (endpoints: readonly string[]) => void = () => undefined;
    const asked: unknown[] = [];
    let ended = 0;
    const kubernetes = { service: "shop", namespace: "eu" };
    const { service, picks, plane } = open(
      { endpoints: { kubernetes }, url: "http://shop.eu:8080" },
      undefined,
      (...args) => {
        asked.push(...args.slice(0, 2));
        tell = args[2];
        return { close: () => void (ended += 1) };
      },
    );
    expect(asked).toEqual([kubernetes, 8080]);
    expect(picks(1)).toEqual(["shop.eu:8080"]);
    tell(["10.0.0.1:80", "10.0.0.2:80"]);
    expect(new Set(picks(4))).toEqual(new Set(["10.0.0.1:80", "10.0.0.2:80"]));
    tell(["10.0.0.2:80"]);
    expect(picks(2)).toEqual(["10.0.0.2:80", "10.0.0.2:80"]);
    await service.close(closed());
    expect(ended).toBe(1);
    tell(["10.0.0.9:80"]);
    expect(plane.targets.map(({ url }) => url.host)).not.toContain("10.0.0.9:80");
  });
});

describe("what may be under way", () => {
  it("is limited, retries by a share of it", () => {
    const { service } = open({ limits: { requests: 20 }, retry: { least: 1, budget: 0.2 } });
    for (let at = 0; at < 20; at += 1) expect(service.admit()).toBe(true);
    expect(service.admit()).toBe(false);
    for (let at = 0; at < 4; at += 1) expect(service.admitRetry()).toBe(true);
    expect(service.admitRetry()).toBe(false);
    service.retried();
    expect(service.admitRetry()).toBe(true);
    service.leave();
    expect(service.admit()).toBe(true);
  });

  it("finishes before an upstream that is closed lets go of its connections", async () => {
    const { service, plane } = open({});
    service.admit();
    const gone = service.close(new AbortController().signal);
    await settled();
    expect(plane.closed).toEqual([]);
    service.leave();
    await gone;
    expect(plane.closed).toEqual(["svc"]);
  });
});
