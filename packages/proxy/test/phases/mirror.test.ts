import { once } from "node:events";
import { createServer as createHttp2Server, connect as connectHttp2 } from "node:http2";
import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { defineBoundary } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import { closeAtEnd } from "../../../../test/support/close-at-end.ts";
import type { MirrorOptions, Passed, ProxyOptions } from "../../src/index.ts";
import { openBorder } from "../border.ts";
import type { HttpService } from "../http-service.ts";
import { deadKey, startService } from "../http-service.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;
const CLIENT = "a".repeat(16);
const COPIED = "c".repeat(16);
const FRESH = "f".repeat(32);

async function service(serve: Parameters<typeof startService>[0] = (_request, response) => response.end("ok")) {
  const started = await startService(serve);
  closeAtEnd(() => started.close());
  return started;
}

interface Shadowed {
  readonly url: string;
  readonly main: HttpService;
  readonly crossed: Passed[];
  /** What was told of copies, in the order in which they ended. */
  readonly copies: Passed[];
}

async function shadowed(
  mirror: Omit<MirrorOptions, "upstream"> & { readonly url: string; readonly limits?: { requests: number } },
  options: Partial<ProxyOptions> = {},
): Promise<Shadowed> {
  const main = await service();
  const crossed: Passed[] = [];
  const copies: Passed[] = [];
  const { url, limits = { requests: 1_000 }, ...rest } = mirror;
  const opened = await openBorder(
    { url: main.url },
    {
      routes: [
        {
          upstream: { name: "svc", url: main.url },
          mirror: { upstream: { name: "shadow", url, limits }, ...rest },
        },
      ],
      observer: { crossed: (one) => void crossed.push(one), mirrored: (one) => void copies.push(one) },
      ...options,
    },
  );
  closeAtEnd(() => opened.close());
  return { url: `http://127.0.0.1:${opened.port}`, main, crossed, copies };
}

/** Grants every pair, and as many copies as are said. */
function granting(copies = 100) {
  const told: string[] = [];
  let left = copies;
  const grantOf = (traceId: string, clientSpanId: string) => ({
    spans: { traceId, serverSpanId: "5".repeat(16), clientSpanId },
    finish: ({ mirrored }: Passed) => void told.push(`${clientSpanId} ${mirrored === true ? "copy" : "request"}`),
    release: () => void told.push(`${clientSpanId} released`),
    copy() {
      left -= 1;
      return left < 0 ? undefined : grantOf(traceId, COPIED);
    },
  });
  let pairs = 0;
  const source = {
    grant() {
      pairs += 1;
      return grantOf(pairs === 1 ? FRESH : "e".repeat(32), pairs === 1 ? CLIENT : "b".repeat(16));
    },
  };
  return { source, told };
}

const boundary = defineBoundary({ name: "edge", side: "egress", cluster: "eu-1" });
const parentOf = (request: IncomingMessage | undefined) => request?.headers["traceparent"];

describe("a mirror", () => {
  it("gets a copy of the request with its body, and nobody gets its answer", async () => {
    const bodies: string[] = [];
    const shadow = await service((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += String(chunk)));
      request.once("end", () => {
        bodies.push(body);
        response.writeHead(500).end("no");
      });
    });
    const { url, main, crossed, copies } = await shadowed({ url: shadow.url });
    const answer = await fetch(`${url}/cart?a=1`, { method: "POST", body: "hello", headers: { "x-own": "1" } });
    expect([answer.status, await answer.text()]).toEqual([200, "ok"]);
    await expect.poll(() => copies.length).toBe(1);
    expect(bodies).toEqual(["hello"]);
    expect(shadow.asked[0]?.url).toBe("/cart?a=1");
    expect(shadow.asked[0]?.headers).toMatchObject({
      "x-own": "1",
      host: main.asked[0]?.headers.host,
      "content-length": "5",
    });
    expect(crossed).toMatchObject([{ service: "svc", status: 200 }]);
    expect(copies).toMatchObject([{ service: "shadow", status: 500, mirrored: true, failure: undefined }]);
  });

  it("is asked for a host of its own where that is said", async () => {
    const shadow = await service();
    const { url, copies } = await shadowed({ url: shadow.url, hostSuffix: "-shadow" });
    await fetch(url);
    await expect.poll(() => copies.length).toBe(1);
    expect(shadow.asked[0]?.headers.host).toBe(`127.0.0.1-shadow:${new URL(url).port}`);
  });

  it("gets its share of the requests", async () => {
    const shadow = await service();
    const rolls = [0.24, 0.25, 0.9, 0.1];
    const { url, copies } = await shadowed({ url: shadow.url, share: 0.25 }, { random: () => rolls.shift() ?? 1 });
    for (const path of ["/0", "/1", "/2", "/3", "/4"]) await fetch(url + path);
    await expect.poll(() => copies.map(({ path }) => path)).toEqual(["/0", "/3"]);
  });

  it("that is not there fails nothing but its copy", async () => {
    const { url, copies } = await shadowed({ url: `http://${await deadKey()}` });
    expect((await fetch(url, { method: "POST", body: "x".repeat(1_000) })).status).toBe(200);
    await expect.poll(() => copies.map(({ failure }) => failure?.kind)).toEqual(["unreachable"]);
  });

  it("that takes no more requests is left alone", async () => {
    const shadow = await service(() => undefined);
    const { url, copies } = await shadowed({ url: shadow.url, limits: { requests: 1 } });
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(url)).status).toBe(200);
    expect(copies.map(({ failure }) => failure?.kind)).toEqual(["busy"]);
  });

  it("that does not read is abandoned, and the request goes on at its own pace", async () => {
    const stuck = createTcpServer((socket) => socket.on("error", () => undefined).pause());
    stuck.listen(0, "127.0.0.1");
    await once(stuck, "listening");
    closeAtEnd(() => new Promise((resolve) => stuck.close(resolve)));
    const { port } = stuck.address() as AddressInfo;
    const { url, crossed, copies } = await shadowed({ url: `http://127.0.0.1:${port}`, bufferBytes: 100_000 });
    const body = new Uint8Array(24 * 1024 * 1024);
    expect((await fetch(url, { method: "POST", body })).status).toBe(200);
    await expect.poll(() => copies.map(({ failure }) => failure)).toEqual([{ kind: "abandoned", side: "internal" }]);
    await expect.poll(() => crossed.map(({ failure }) => failure)).toEqual([undefined]);
  });

  it("is told no end of a body that its caller never finished", async () => {
    const ended: boolean[] = [];
    const shadow = await service((request) => {
      request.once("close", () => ended.push(request.complete));
    });
    const { url, copies } = await shadowed({ url: shadow.url });
    const sent = httpRequest(url, { method: "POST", headers: { "content-length": 100 } });
    sent.on("error", () => undefined);
    sent.write("half");
    await expect.poll(() => shadow.asked.length).toBe(1);
    sent.destroy();
    await expect.poll(() => ended).toEqual([false]);
    expect(copies).toMatchObject([{ failure: { kind: "client-gone" } }]);
  });

  it("outlasts the request", async () => {
    const answers: (() => void)[] = [];
    const shadow = await service((_request, response) => void answers.push(() => response.end("late")));
    const { url, copies } = await shadowed({ url: shadow.url });
    expect((await fetch(url)).status).toBe(200);
    expect(copies).toEqual([]);
    await expect.poll(() => answers.length).toBe(1);
    answers[0]?.();
    await expect.poll(() => copies.map(({ status }) => status)).toEqual([200]);
  });

  it("gets the trailers of a call over HTTP/2", async () => {
    const statuses: string[] = [];
    const shadow = createHttp2Server();
    shadow.on("stream", (stream: ServerHttp2Stream) => {
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("trailers", (fields) => statuses.push(String(fields["x-end"])));
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "7" }));
      stream.resume().once("end", () => stream.end());
    });
    shadow.listen(0, "127.0.0.1");
    await once(shadow, "listening");
    closeAtEnd(() => new Promise((resolve) => shadow.close(resolve)));
    const url = `http://127.0.0.1:${(shadow.address() as AddressInfo).port}`;
    const main = await service();
    const copies: Passed[] = [];
    const mirror = { upstream: { name: "shadow", url, protocol: "h2" as const } };
    const opened = await openBorder(
      { url: main.url },
      {
        routes: [{ upstream: { name: "svc", url: main.url }, mirror }],
        observer: { crossed() {}, mirrored: (one) => void copies.push(one) },
      },
    );
    closeAtEnd(() => opened.close());
    const session = connectHttp2(`http://127.0.0.1:${opened.port}`);
    closeAtEnd(() => session.destroy());
    const call = session.request(
      { ":method": "POST", ":path": "/a.B/C", "content-type": "application/grpc", te: "trailers" },
      { waitForTrailers: true },
    );
    call.on("wantTrailers", () => call.sendTrailers({ "x-end": "yes" }));
    call.end("frame");
    call.resume();
    await once(call, "close");
    await expect.poll(() => copies.map(({ grpcStatus }) => grpcStatus)).toEqual([7]);
    expect(statuses).toEqual(["yes"]);
  });
});

describe("the trace of a copy", () => {
  const traced = { headers: { traceparent: TRACEPARENT, tracestate: "a=1", b3: `${TRACE}-${PARENT}-1` } };

  it("is that of the request, under a CLIENT span of its own", async () => {
    const shadow = await service();
    const { source, told } = granting();
    const { url, main, copies } = await shadowed({ url: shadow.url }, { boundary, spans: source });
    await fetch(url, traced);
    await expect.poll(() => told.length).toBe(2);
    expect(parentOf(main.asked[0])).toBe(`00-${TRACE}-${CLIENT}-01`);
    expect(parentOf(shadow.asked[0])).toBe(`00-${TRACE}-${COPIED}-01`);
    expect(shadow.asked[0]?.headers["tracestate"]).toMatch(new RegExp(`^tm=1\\.eu-1\\..*${COPIED}.*,a=1$`));
    expect(shadow.asked[0]?.headers["b3"]).toBeUndefined();
    expect(told.toSorted()).toEqual([`${CLIENT} request`, `${COPIED} copy`]);
    expect(copies[0]?.spans?.clientSpanId).toBe(COPIED);
  });

  it("is not recorded where no span is accepted for it", async () => {
    const shadow = await service();
    const { source, told } = granting(0);
    const { url, copies } = await shadowed({ url: shadow.url }, { boundary, spans: source });
    await fetch(url, traced);
    await expect.poll(() => copies.length).toBe(1);
    expect(parentOf(shadow.asked[0])).toMatch(new RegExp(`^00-${TRACE}-(?!${PARENT}|${CLIENT})[0-9a-f]{16}-00$`));
    expect(told).toEqual([`${CLIENT} request`]);
  });

  it("is not recorded either where the request's own parent goes on, or where it is denied", async () => {
    const shadow = await service();
    const without = await shadowed({ url: shadow.url }, { boundary });
    await fetch(without.url, traced);
    const { source } = granting();
    const denied = await shadowed({ url: shadow.url, sampling: "deny" }, { boundary, spans: source });
    await fetch(denied.url, traced);
    await fetch(denied.url);
    await expect.poll(() => shadow.asked.length).toBe(3);
    const flags = shadow.asked.map((request) => parentOf(request)?.slice(-2));
    expect(flags).toEqual(["00", "00", "02"]);
    expect(parentOf(without.main.asked[0])).toBe(TRACEPARENT);
    expect(parentOf(shadow.asked[2])?.slice(3, 35)).toBe(parentOf(denied.main.asked[1])?.slice(3, 35));
    expect(denied.copies.every(({ spans }) => spans === undefined)).toBe(true);
  });

  it("stays unsampled where the request is, unless it is to be recorded: then it is one of its own", async () => {
    const shadow = await service();
    const unsampled = `00-${TRACE}-${PARENT}-00`;
    const deferred = await shadowed({ url: shadow.url }, { boundary, spans: granting().source });
    await fetch(deferred.url, { headers: { traceparent: unsampled } });
    const { source, told } = granting();
    const accepted = await shadowed({ url: shadow.url, sampling: "accept" }, { boundary, spans: source });
    await fetch(accepted.url, { headers: { traceparent: unsampled } });
    await expect.poll(() => accepted.copies.length).toBe(1);
    expect(parentOf(shadow.asked[0])).toBe(unsampled);
    expect(parentOf(shadow.asked[1])).toBe(`00-${FRESH}-${CLIENT}-03`);
    expect(parentOf(accepted.main.asked[0])).toBe(unsampled);
    expect(accepted.copies[0]?.verdict.links).toMatchObject([{ traceId: TRACE, parentId: PARENT }]);
    expect(told).toEqual([`${CLIENT} copy`]);
  });

  it("leaves by the policy of the mirror, whatever that of the upstream", async () => {
    const shadow = await service();
    const { source, told } = granting();
    const policy = {
      upstreams: { svc: { carrier: { field: "x-request-id", send: true } }, shadow: { strip: true } },
    };
    const { url, main, copies } = await shadowed(
      { url: shadow.url },
      { boundary: defineBoundary({ name: "edge", side: "egress", cluster: "eu-1", policy }), spans: source },
    );
    await fetch(url, { headers: { traceparent: TRACEPARENT, "x-request-id": "order-1" } });
    await expect.poll(() => copies.length).toBe(1);
    expect(main.asked[0]?.headers["x-request-id"]).toMatch(/^tm1\./);
    expect(shadow.asked[0]?.headers["x-request-id"]).toBe("order-1");
    expect(parentOf(shadow.asked[0])).toBeUndefined();
    expect(told.toSorted()).toEqual([`${CLIENT} request`, `${COPIED} released`]);
  });
});
