/** Trust by the names in a caller's certificate, wherever Node's TLS stands in front of the boundary. */
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { connect as connectHttp2, createSecureServer } from "node:http2";
import { Agent, createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { createRequire } from "node:module";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import { Hono } from "hono";
import { ProxyServer } from "http-proxy-3";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Boundary } from "@tracemend/context";
import { defineBoundary } from "@tracemend/context";
import { boundary as expressBoundary, bounded as expressBounded } from "@tracemend/express";
import { boundary as honoBoundary, bounded } from "@tracemend/hono";
import { createOutbound } from "@tracemend/outbound";
import { preserve } from "@tracemend/outbound/http-proxy-3";
import type { Authority, Identity } from "../support/certificates.ts";
import { createAuthority } from "../support/certificates.ts";
import { serveOnSocket } from "../support/raw-exchange.ts";
import { TRACEPARENT } from "../support/service.ts";

const express4 = createRequire(import.meta.url)("express4") as typeof express;

/** Believes callers of one mesh, and nobody else. */
const BOUNDARY: Boundary = defineBoundary({
  name: "edge",
  side: "ingress",
  cluster: "eu-1",
  policy: { trust: "restart", trustRules: [{ when: { identity: ["spiffe://eu/*"] }, trust: "continue" }] },
});
const LINES = { traceparent: TRACEPARENT };

let authority: Authority;
let server: Identity;
let member: Identity;
let foreigner: Identity;
let stranger: Identity;
beforeAll(async () => {
  const other = await createAuthority("CN=another authority");
  authority = await createAuthority();
  [server, member, foreigner, stranger] = await Promise.all([
    authority.issue(["localhost"]),
    authority.issue(["spiffe://eu/shop", "shop.internal"]),
    authority.issue(["spiffe://us/shop"]),
    other.issue(["spiffe://eu/shop"]),
  ]);
});

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** What stands behind answers with the `traceparent` it was given. */
const FRAMEWORKS: Readonly<Record<string, () => RequestListener | Promise<RequestListener>>> = {
  "express 4": () =>
    express4().use(expressBoundary({ boundary: BOUNDARY }), (seen, response) => response.end(lineOf(seen))),
  "express 5": () =>
    express().use(expressBoundary({ boundary: BOUNDARY }), (seen, response) => response.end(lineOf(seen))),
  "express 5, bounded": () =>
    expressBounded(
      express().use((seen, response) => void response.end(lineOf(seen))),
      { boundary: BOUNDARY },
    ),
  hono: () => {
    const app = new Hono()
      .use(honoBoundary({ boundary: BOUNDARY }))
      .get("/", (c) => c.text(c.req.header("traceparent") ?? ""));
    const listener = getRequestListener(app.fetch);
    return (seen, response) => void listener(seen, response);
  },
  "hono, bounded": () => {
    const app = new Hono().get("/", (c) => c.text(c.req.header("traceparent") ?? ""));
    const listener = getRequestListener(bounded(app.fetch, { boundary: BOUNDARY }));
    return (seen, response) => void listener(seen, response);
  },
  "http-proxy-3": async () => {
    const behind = await serveOnSocket((seen, response) => void response.end(lineOf(seen)));
    const gateway = new ProxyServer({ target: behind.url });
    open.push(behind.close, preserve(gateway, BOUNDARY));
    return (seen, response) => gateway.web(seen, response);
  },
  "a service's own calls": async () => {
    const behind = await serveOnSocket((seen, response) => void response.end(lineOf(seen)));
    const outbound = createOutbound({ boundary: BOUNDARY, targets: ["127.0.0.1"] });
    open.push(behind.close, () => outbound.close());
    return (_seen, response) => {
      const answer = async (): Promise<unknown> => response.end(await (await fetch(behind.url)).text());
      void answer();
    };
  },
};

function lineOf({ headers }: { readonly headers: Readonly<Record<string, unknown>> }): string {
  const { traceparent } = headers;
  return typeof traceparent === "string" ? traceparent : "";
}

interface Caller {
  readonly name: string;
  readonly identity: () => Identity | undefined;
  readonly believed: boolean;
}

const CALLERS: readonly Caller[] = [
  { name: "a member of the mesh", identity: () => member, believed: true },
  { name: "a member of another mesh", identity: () => foreigner, believed: false },
  { name: "whoever names itself so, by another authority", identity: () => stranger, believed: false },
  { name: "a caller without a certificate", identity: () => undefined, believed: false },
];

const tls = () => ({ ...server, ca: authority.ca, requestCert: true, rejectUnauthorized: false });

describe.each(Object.entries(FRAMEWORKS))("%s", (_, listenerOf) => {
  it.each(CALLERS)("asks for the certificate of $name (believed: $believed)", async ({ identity, believed }) => {
    const listening = createServer(tls(), await listenerOf()).listen(0, "127.0.0.1");
    open.push(() => new Promise((resolve) => listening.close(resolve)));
    await once(listening, "listening");
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    open.push(() => agent.destroy());
    const { port } = listening.address() as AddressInfo;
    // The second comes by the connection of the first.
    for (let times = 0; times < 2; times += 1) {
      const sent = request({
        ...identity(),
        port,
        host: "127.0.0.1",
        ca: authority.ca,
        servername: "localhost",
        agent,
        headers: LINES,
      });
      const [answer] = await once(sent.end(), "response");
      expect(String(Buffer.concat(await answer.toArray()))).toBe(believed ? TRACEPARENT : "");
    }
  });
});

describe.each(["hono", "hono, bounded", "a service's own calls"])("%s over HTTP/2", (name) => {
  it.each(CALLERS)("asks for the certificate of $name (believed: $believed)", async ({ identity, believed }) => {
    const listener = await (FRAMEWORKS[name] as () => Promise<RequestListener>)();
    const listening = createSecureServer(tls(), listener as never).listen(0, "127.0.0.1");
    open.push(() => new Promise((resolve) => listening.close(resolve)));
    await once(listening, "listening");
    const { port } = listening.address() as AddressInfo;
    const session = connectHttp2(`https://localhost:${port}`, {
      ...identity(),
      ca: authority.ca,
      host: "127.0.0.1",
    } as never);
    open.push(() => session.close());
    const stream = session.request({ ":authority": `localhost:${port}`, ...LINES });
    let text = "";
    for await (const chunk of stream) text += String(chunk);
    expect(text).toBe(believed ? TRACEPARENT : "");
  });
});
