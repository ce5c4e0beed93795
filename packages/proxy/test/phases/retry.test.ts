import { defineBoundary } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import { closeAtEnd } from "../../../../test/support/close-at-end.ts";
import type { Passed, ProxyOptions, UpstreamOptions } from "../../src/index.ts";
import { dialLenient } from "../../../../test/support/lenient-peer.ts";
import { openBorder } from "../border.ts";
import type { HttpService } from "../http-service.ts";
import { deadKey, startService } from "../http-service.ts";

const PARENT = "00f067aa0ba902b7";
const TRACEPARENT = `00-4bf92f3577b34da6a3ce929d0e0e4736-${PARENT}-01`;
const QUICK = { baseMs: 1, maxMs: 2 };

async function service(...args: Parameters<typeof startService>): Promise<HttpService> {
  const started = await startService(...args);
  closeAtEnd(() => started.close());
  return started;
}

async function border(upstream: Omit<UpstreamOptions, "name">, options: Partial<ProxyOptions> = {}) {
  const passed: Passed[] = [];
  const opened = await openBorder(upstream, { observer: { crossed: (one) => void passed.push(one) }, ...options });
  closeAtEnd(() => opened.close());
  return { url: `http://127.0.0.1:${opened.port}`, passed };
}

async function startBodyService(): Promise<HttpService> {
  return service((request, response) => {
    request.on("data", (chunk: Buffer) => response.write(chunk));
    request.on("end", () => response.end());
  });
}

/** Grants one pair, and then as many ids as are listed. */
function granting(more: readonly string[]) {
  const left = [...more];
  const finished: Passed[] = [];
  const spans = { traceId: "1".repeat(32), serverSpanId: "2".repeat(16), clientSpanId: "a".repeat(16) };
  const grant = { spans, again: () => left.shift(), finish: (one: Passed) => void finished.push(one), release() {} };
  return { source: { grant: () => grant }, finished };
}

const boundary = defineBoundary({ name: "edge", side: "egress", cluster: "eu-1" });
const parents = ({ asked }: HttpService) => asked.map(({ headers }) => headers["traceparent"]?.slice(36, 52));

describe("a request that was not taken", () => {
  it("goes to another endpoint at once, whatever its method, body included", async () => {
    const alive = await service((_request, response) => response.end("ok"));
    const dead = await deadKey();
    const { url, passed } = await border({ url: "http://svc", endpoints: [dead, alive.key] });
    for (const method of ["GET", "POST", "POST", "GET"]) {
      const answer = await fetch(url, method === "POST" ? { method, body: "hello" } : {});
      expect([answer.status, await answer.text()]).toEqual([200, "ok"]);
    }
    expect(alive.asked).toHaveLength(4);
    const again = passed.filter(({ tries }) => tries.length > 0);
    expect(again.length).toBeGreaterThan(0);
    expect(again[0]?.tries).toMatchObject([
      { upstream: undefined, failure: { kind: "unreachable" }, status: undefined },
      { upstream: { name: "svc" }, failure: undefined, status: 200 },
    ]);
  });

  it("brings along a body that came with its head, also over a connection that was kept", async () => {
    const alive = await startBodyService();
    const { url, passed } = await border({ url: "http://svc", endpoints: [await deadKey(), alive.key] });
    for (let turn = 0; turn < 4; turn += 1) {
      const caller = await dialLenient(Number(new URL(url).port));
      caller.send("POST / HTTP/1.1\r\nHost: svc\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
      expect(await caller.closed).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\n5\r\nhello/s);
    }
    expect(passed.filter(({ tries }) => tries.length > 0).length).toBeGreaterThan(1);
    expect(alive.connections()).toBe(1);
  });

  it("is not sent to the one endpoint there is again, unless retries are asked for", async () => {
    const dead = await deadKey();
    const once = await border({ url: `http://${dead}` });
    expect((await fetch(once.url)).status).toBe(502);
    expect(once.passed[0]?.tries).toEqual([]);
    const thrice = await border({ url: `http://${dead}`, retry: { tries: 3, ...QUICK } });
    expect((await fetch(thrice.url)).status).toBe(502);
    expect(thrice.passed[0]?.tries).toHaveLength(3);
  });
});

describe("an answer that counts as failed", () => {
  const flaky = (good: number) =>
    service((_request, response, count) => response.writeHead(count < good ? 503 : 200).end(String(count)));

  it("leads to another try of a safe method, and to none of another", async () => {
    const upstream = await flaky(3);
    const { url } = await border({ url: upstream.url, retry: { tries: 4, statuses: [503], ...QUICK } });
    expect((await fetch(url, { method: "POST" })).status).toBe(503);
    expect(upstream.asked).toHaveLength(1);
    const answer = await fetch(url);
    expect([answer.status, await answer.text()]).toEqual([200, "3"]);
  });

  it("reaches the caller after the last try, and at once where the budget is spent", async () => {
    const upstream = await flaky(9);
    const last = await border({ url: upstream.url, retry: { tries: 2, statuses: [503], ...QUICK } });
    expect(await (await fetch(last.url)).text()).toBe("2");
    const spent = await border({
      url: upstream.url,
      retry: { tries: 3, statuses: [503], least: 0.1, budget: 0.1, baseMs: 1, maxMs: 1 },
    });
    expect(await (await fetch(spent.url)).text()).toBe("4");
    expect(spent.passed[0]?.tries).toHaveLength(2);
  });

  it("is not waited for beyond the time of one try", async () => {
    const upstream = await service((_request, response, count) => {
      if (count > 1) response.end("late");
    });
    const { url, passed } = await border({ url: upstream.url, retry: { tries: 2, tryMs: 50, ...QUICK } });
    expect(await (await fetch(url)).text()).toBe("late");
    expect(passed[0]?.tries[0]?.failure?.kind).toBe("answer-timeout");
  });

  it("is waited for as long as the route says, whatever holds for its upstream", async () => {
    const upstream = await service(() => undefined);
    const routes = [
      { match: { path: "/fast" }, upstream: { name: "svc", url: upstream.url }, timeouts: { answerMs: 20 } },
      { match: { path: "/short" }, upstream: { name: "svc", url: upstream.url }, timeouts: { totalMs: 20 } },
    ];
    const { url } = await border({ url: upstream.url }, { routes });
    expect(await (await fetch(`${url}/fast`)).text()).toBe("upstream timeout\n");
    expect(await (await fetch(`${url}/short`)).text()).toBe("request took too long\n");
  });

  it("does not outlast the whole that an exchange may take", async () => {
    const upstream = await service(() => undefined);
    const timeouts = { totalMs: 60 };
    const { url, passed } = await border({ url: upstream.url, timeouts, retry: { tries: 9, tryMs: 5_000 } });
    const answer = await fetch(url);
    expect([answer.status, await answer.text()]).toEqual([504, "request took too long\n"]);
    expect(passed[0]?.failure?.kind).toBe("total-timeout");
  });
});

describe("the spans of tries", () => {
  const failing = () => service((_request, response, count) => response.writeHead(count < 3 ? 503 : 200).end());
  const retry = { tries: 3, statuses: [503], ...QUICK };

  it("are one CLIENT span for each, under which it leaves", async () => {
    const upstream = await failing();
    const { source, finished } = granting(["b".repeat(16), "c".repeat(16)]);
    const { url } = await border({ url: upstream.url, retry }, { boundary, spans: source });
    await fetch(url, { headers: { traceparent: TRACEPARENT } });
    const ids = ["a".repeat(16), "b".repeat(16), "c".repeat(16)];
    expect(parents(upstream)).toEqual(ids);
    expect(upstream.asked[2]?.headers["tracestate"]).toContain("c".repeat(16));
    await expect.poll(() => finished.length).toBe(1);
    expect(finished[0]?.tries.map(({ spanId }) => spanId)).toEqual(ids);
    expect(finished[0]?.verdict.context?.parentId).toBe("c".repeat(16));
    expect(finished[0]?.spans?.clientSpanId).toBe("c".repeat(16));
  });

  it("are fewer where no more are granted: then no id leaves that nobody exports", async () => {
    const upstream = await failing();
    const { source, finished } = granting(["b".repeat(16)]);
    const { url } = await border({ url: upstream.url, retry }, { boundary, spans: source });
    await fetch(url, { headers: { traceparent: TRACEPARENT } });
    expect(parents(upstream)).toEqual(["a".repeat(16), "b".repeat(16), "b".repeat(16)]);
    await expect.poll(() => finished.length).toBe(1);
    expect(finished[0]?.tries.map(({ spanId }) => spanId)).toEqual(["a".repeat(16), "b".repeat(16), undefined]);
  });

  it("are none where none were granted: the caller's parent goes on in each", async () => {
    const upstream = await failing();
    const { url } = await border({ url: upstream.url, retry }, { boundary });
    await fetch(url, { headers: { traceparent: TRACEPARENT } });
    expect(parents(upstream)).toEqual([PARENT, PARENT, PARENT]);
  });
});

describe("what is told of a request", () => {
  it("counts the bytes of its body and of the answer's", async () => {
    const upstream = await service((_request, response) => response.end("answer"));
    const { url, passed } = await border({ url: upstream.url });
    await (await fetch(url, { method: "POST", body: "hello" })).text();
    const gone = await border({ url: `http://${await deadKey()}` });
    const text = await (await fetch(gone.url)).text();
    await expect.poll(() => [passed.length, gone.passed.length]).toEqual([1, 1]);
    expect(passed[0]).toMatchObject({ requestBytes: 5, answerBytes: 6 });
    expect(gone.passed[0]).toMatchObject({ requestBytes: 0, answerBytes: text.length });
  });
});

describe("an upstream at its limit", () => {
  it("is spared what is beyond it", async () => {
    const held: (() => void)[] = [];
    const upstream = await service((_request, response) => void held.push(() => response.end("ok")));
    const { url, passed } = await border({ url: upstream.url, limits: { requests: 1 } });
    const first = fetch(url);
    await expect.poll(() => held.length).toBe(1);
    expect((await fetch(url)).status).toBe(503);
    expect(passed[0]?.failure?.kind).toBe("busy");
    held[0]?.();
    expect((await first).status).toBe(200);
  });

  it.each(["GET", "POST"])("of age opens another connection (%s)", async (method) => {
    const upstream = await service((_request, response) => response.end("ok"));
    const { url } = await border({ url: upstream.url, maxAgeMs: 0.001 });
    const init = method === "POST" ? { method, body: "x" } : {};
    for (let at = 0; at < 3; at += 1) expect(await (await fetch(url, init)).text()).toBe("ok");
    expect(upstream.connections()).toBe(3);
  });
});
