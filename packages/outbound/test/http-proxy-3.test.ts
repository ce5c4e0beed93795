import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { Crossing, CrossingFailure, PolicyOptions } from "@tracemend/context";
import { defineBoundary } from "@tracemend/context";
import { ProxyServer } from "http-proxy-3";
import type { ServerOptions } from "http-proxy-3";
import { afterEach, describe, expect, it } from "vitest";
import type { PreserveOptions } from "../src/http-proxy-3.ts";
import { preserve } from "../src/http-proxy-3.ts";
import { OTHER_LINE, PARENT_LINE, TRACE, send, startEcho, startService, valuesOf } from "./peers.ts";

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

type Ask = (lines: readonly string[]) => Promise<readonly string[]>;

async function startGateway(
  policy: PolicyOptions = {},
  engine: ServerOptions = {},
  options: PreserveOptions = {},
): Promise<Ask> {
  const echo = await startEcho();
  const proxy = new ProxyServer({ target: echo.url, ...engine });
  const end = preserve(proxy, defineBoundary({ name: "gateway", side: "egress", cluster: "eu-1", policy }), options);
  const gateway = await startService((request, response) => proxy.web(request, response));
  opened.push(echo.close, end, gateway.close);
  return async (lines) => JSON.parse(await send(`${gateway.url}/orders?id=7`, lines)) as readonly string[];
}

const agent = new Agent({ keepAlive: true });
afterEach(() => agent.destroy());

describe.each<[string, ServerOptions]>([
  ["its node:http engine", {}],
  ["a keep-alive agent", { agent }],
  ["its fetch engine", { fetch: (url, init) => fetch(url, init) }],
])("a gateway with %s", (_name, engine) => {
  it("passes a clean context on as it came", async () => {
    const ask = await startGateway({}, engine);
    const left = await ask(["traceparent", PARENT_LINE, "tracestate", "rojo=1", "tracestate", "congo=2"]);
    expect(valuesOf(left, "traceparent")).toEqual([PARENT_LINE]);
    expect(valuesOf(left, "tracestate")).toEqual(["rojo=1, congo=2"]);
  });

  it("lets exactly one of two identical lines leave, and none of two that conflict", async () => {
    const ask = await startGateway({}, engine);
    const twice = await ask(["traceparent", PARENT_LINE, "Traceparent", PARENT_LINE]);
    expect(valuesOf(twice, "traceparent")).toEqual([PARENT_LINE]);
    const conflict = await ask(["traceparent", PARENT_LINE, "traceparent", OTHER_LINE, "tracestate", "a=1"]);
    expect(valuesOf(conflict, "traceparent")).toEqual([]);
    expect(valuesOf(conflict, "tracestate")).toEqual([]);
  });

  it("takes the newest of several lines of one trace, by policy", async () => {
    const newest = `00-${TRACE}-b9c7c989f97918e1-01`;
    const ask = await startGateway({ repair: "on" }, engine);
    expect(valuesOf(await ask(["traceparent", PARENT_LINE, "traceparent", newest]), "traceparent")).toEqual([newest]);
  });

  it("keeps a traceparent that Connection names, and lets the next hop keep it too", async () => {
    const ask = await startGateway({}, engine);
    const left = await ask(["traceparent", PARENT_LINE, "connection", "close, Traceparent"]);
    expect(valuesOf(left, "traceparent")).toEqual([PARENT_LINE]);
    expect(valuesOf(left, "connection").join()).not.toMatch(/traceparent/i);
    const only = await ask(["traceparent", PARENT_LINE, "connection", "traceparent"]);
    expect(valuesOf(only, "traceparent")).toEqual([PARENT_LINE]);
    expect(valuesOf(only, "connection").join()).toMatch(/^(?:close|keep-alive)$/);
  });

  it("sends a carrier, and restores from one that a border before it sent", async () => {
    const sender = await startGateway({ carrier: { send: true } }, engine);
    const [carrier = ""] = valuesOf(await sender(["traceparent", PARENT_LINE]), "x-tracemend-context");
    expect(carrier).toMatch(/^tm1\./);
    const reader = await startGateway({ repair: "on", carrier: { read: true } }, engine);
    const left = await reader(["x-tracemend-context", carrier]);
    expect(valuesOf(left, "traceparent")).toEqual([PARENT_LINE]);
    expect(valuesOf(left, "x-tracemend-context")).toEqual([]);
  });
});

it("tells an observer of the exchange once it is over", async () => {
  const crossed = Promise.withResolvers<Crossing>();
  const ask = await startGateway({}, {}, { upstream: "orders", observers: [{ crossed: crossed.resolve }] });
  await ask(["traceparent", PARENT_LINE, "x-request-id", "r-7"]);
  expect(await crossed.promise).toMatchObject({
    boundary: "gateway",
    side: "egress",
    verdict: { action: "preserve", reason: "intact", ownParent: false },
    spans: undefined,
    protocol: "http/1.1",
    scheme: "http",
    method: "POST",
    path: "/orders",
    requestId: "r-7",
    downstream: { address: "127.0.0.1" },
    upstream: { name: "orders", address: "127.0.0.1", localPort: expect.any(Number) as number },
    status: 200,
    failure: undefined,
  });
});

/** The three ends of an exchange whose answer has begun. */
interface Begun {
  readonly caller: Socket;
  readonly gateway: ServerResponse;
  readonly service: ServerResponse;
  /** The service's answer as the gateway reads it. */
  readonly answer: IncomingMessage;
}

const leave = ({ caller }: Begun): unknown => caller.destroy();

const breakOff = async ({ caller, service, answer }: Begun): Promise<void> => {
  // Where nobody listens for its errors, it closes without one.
  const over = new Promise((resolve) => answer.once("close", resolve));
  service.destroy();
  await over;
  caller.destroy();
};

const giveUp = ({ gateway }: Begun): unknown => gateway.on("error", () => {}).destroy(new Error("too slow"));

it.each<[string, (begun: Begun) => unknown, CrossingFailure]>([
  ["a caller that left", leave, { kind: "client-gone", side: "downstream" }],
  ["a service that broke off", breakOff, { kind: "lost", side: "upstream" }],
  ["a gateway that gave up", giveUp, { kind: "internal", side: "internal" }],
])("tells of %s within the answer, once", async (_name, end, failure) => {
  const crossings: Crossing[] = [];
  const answered = Promise.withResolvers<ServerResponse>();
  const behind = await startService((_request, response) => {
    response.write("first");
    answered.resolve(response);
  });
  const proxy = new ProxyServer({ target: behind.url });
  const observers = [{ crossed: (crossing: Crossing) => void crossings.push(crossing) }];
  const detach = preserve(proxy, defineBoundary({ name: "gateway", side: "egress", cluster: "eu-1" }), { observers });
  const gateway = await startService((request, response) => proxy.web(request, response));
  opened.push(behind.close, detach, gateway.close);
  const caller = connect(gateway.port, "127.0.0.1").on("error", () => {});
  const relayed = once(proxy, "proxyRes") as Promise<[IncomingMessage, IncomingMessage, ServerResponse]>;
  caller.write("GET / HTTP/1.1\r\nhost: gateway\r\n\r\n");
  const [answer, , relaying] = await relayed;
  await once(caller, "data");
  const closed = once(relaying, "close");
  await end({ caller, gateway: relaying, service: await answered.promise, answer });
  await closed;
  caller.destroy();
  expect(crossings).toMatchObject([{ status: 200, failure }]);
});

it("tells which context the service's answer named", async () => {
  const crossings: Crossing[] = [];
  const behind = await startService((_request, response) => response.setHeader("traceresponse", OTHER_LINE).end());
  const proxy = new ProxyServer({ target: behind.url });
  const observers = [{ crossed: (crossing: Crossing) => void crossings.push(crossing) }];
  const detach = preserve(proxy, defineBoundary({ name: "gateway", side: "egress", cluster: "eu-1" }), { observers });
  const gateway = await startService((request, response) => {
    response.once("close", () => ended.resolve());
    proxy.web(request, response);
  });
  const ended = Promise.withResolvers<void>();
  opened.push(behind.close, detach, gateway.close);
  await send(gateway.url, ["traceparent", PARENT_LINE]);
  await ended.promise;
  expect(crossings).toMatchObject([{ answer: { traceId: OTHER_LINE.slice(3, 35), spanId: OTHER_LINE.slice(36, 52) } }]);
});

it("judges the head of a WebSocket's upgrade as it does any other", async () => {
  const heads: (readonly string[])[] = [];
  const backend = createServer();
  backend.on("upgrade", (request, socket) => {
    heads.push(request.rawHeaders);
    socket.end("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  });
  await once(backend.listen(0, "127.0.0.1"), "listening");
  const proxy = new ProxyServer({ target: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`, ws: true });
  const end = preserve(proxy, defineBoundary({ name: "gateway", side: "egress", cluster: "eu-1" }));
  const gateway = await startService((_request, response) => response.end());
  gateway.server.on("upgrade", (request, socket, head) => proxy.ws(request, socket, head));
  opened.push(() => new Promise<void>((resolve) => backend.close(() => resolve())), end, gateway.close);
  const socket = connect(gateway.port, "127.0.0.1");
  socket.write(
    "GET /live HTTP/1.1\r\nhost: gateway\r\nupgrade: websocket\r\nconnection: Upgrade, traceparent\r\n" +
      `traceparent: ${PARENT_LINE}\r\ntraceparent: ${PARENT_LINE}\r\n\r\n`,
  );
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 101 /);
  expect(valuesOf(heads[0] ?? [], "traceparent")).toEqual([PARENT_LINE]);
  expect(valuesOf(heads[0] ?? [], "connection")).toEqual(["Upgrade"]);
});

it("without the hook, http-proxy-3 joins two lines into a value that no service reads", async () => {
  const echo = await startEcho();
  const proxy = new ProxyServer({ target: echo.url });
  const gateway = await startService((request, response) => proxy.web(request, response));
  opened.push(echo.close, gateway.close);
  const lines = ["traceparent", PARENT_LINE, "traceparent", PARENT_LINE];
  const left = JSON.parse(await send(gateway.url, lines)) as string[];
  expect(valuesOf(left, "traceparent")).toEqual([`${PARENT_LINE}, ${PARENT_LINE}`]);
});
