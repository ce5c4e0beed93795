import { once } from "node:events";
import http2 from "node:http2";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { defineBoundary } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import { closeAtEnd } from "../../../../test/support/close-at-end.ts";
import { createAuthority } from "../../../../test/support/certificates.ts";
import { dialLenient } from "../../../../test/support/lenient-peer.ts";
import type { ListenOptions, Passed, ProxyOptions, Refusal } from "../../src/index.ts";
import { createProxy } from "../../src/index.ts";
import { startService } from "../http-service.ts";

const LINE = "PROXY TCP4 192.0.2.1 198.51.100.2 8080 443\r\n";
const NAMED = { address: "192.0.2.1", port: 8080 };
const GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

async function behindBalancer(listen: Partial<ListenOptions> = {}, options: Partial<ProxyOptions> = {}) {
  const service = await startService((_request, response) => response.end("ok"));
  closeAtEnd(() => service.close());
  const crossed: Passed[] = [];
  const refused: Refusal[] = [];
  const proxy = await createProxy({
    boundary: defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1" }),
    listen: { proxyProtocol: { trusted: ["127.0.0.0/8"], timeoutMs: 100 }, ...listen },
    routes: [{ upstream: { name: "svc", url: service.url } }],
    forwarding: { xForwarded: true },
    observer: { crossed: (one) => void crossed.push(one) },
    refused: (one) => void refused.push(one),
    ...options,
  });
  const close = () => proxy.close(AbortSignal.abort());
  closeAtEnd(close);
  return { port: proxy.address.port, service, crossed, refused, close, counts: () => proxy.refusals() };
}

describe("a listener behind a load balancer", () => {
  it("takes the client from the header for trust, X-Forwarded-For and the record", async () => {
    const policy = {
      trust: "restart" as const,
      trustRules: [{ when: { cidr: ["192.0.2.0/24"] }, trust: "continue" as const }],
    };
    const boundary = defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1", policy });
    const { port, service, crossed } = await behindBalancer({}, { boundary });
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (const line of [LINE, "PROXY TCP4 203.0.113.9 198.51.100.2 8080 443\r\n"]) {
      const caller = await dialLenient(port);
      caller.send(`${line}${GET.replace("Host", `Traceparent: ${traceparent}\r\nHost`)}`);
      expect(await caller.closed).toContain("200 OK");
    }
    expect(service.asked.map(({ headers }) => headers["x-forwarded-for"])).toEqual(["192.0.2.1", "203.0.113.9"]);
    expect(service.asked.map(({ headers }) => headers["traceparent"])).toEqual([traceparent, undefined]);
    await expect.poll(() => crossed.length).toBe(2);
    expect(crossed[0]?.downstream).toEqual(NAMED);
  });

  it("reads a header that comes byte by byte, and keeps the connection for more", async () => {
    const { port, crossed } = await behindBalancer();
    const caller = await dialLenient(port);
    caller.socket.setNoDelay(true);
    for (const byte of LINE) {
      caller.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    caller.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    await caller.until("ok");
    caller.send(GET);
    await caller.closed;
    await expect.poll(() => crossed.map(({ downstream }) => downstream)).toEqual([NAMED, NAMED]);
  });

  it("stands for itself where it says so", async () => {
    const { port, crossed } = await behindBalancer();
    const caller = await dialLenient(port);
    caller.send(`PROXY UNKNOWN\r\n${GET}`);
    expect(await caller.closed).toContain("200 OK");
    await expect.poll(() => crossed.map(({ downstream }) => downstream?.address)).toEqual(["127.0.0.1"]);
  });

  it("speaks HTTP/2 behind it", async () => {
    const { port, crossed } = await behindBalancer();
    const session = http2.connect(`http://127.0.0.1:${port}`, { createConnection: () => introduced(port) });
    const stream = session.request({ ":path": "/" });
    const [fields] = (await once(stream.resume(), "response")) as [Record<string, unknown>];
    expect(fields[":status"]).toBe(200);
    session.destroy();
    await expect.poll(() => crossed.map(({ downstream }) => downstream)).toEqual([NAMED]);
  });

  it.each(["http/1.1", "h2"])("speaks TLS behind it, its header before the handshake (%s)", async (alpn) => {
    const authority = await createAuthority();
    const { port, crossed } = await behindBalancer({ tls: await authority.issue(["localhost"]) });
    const socket = connectTls({
      socket: introduced(port),
      ca: authority.ca,
      servername: "localhost",
      ALPNProtocols: [alpn],
    });
    await once(socket, "secureConnect");
    if (alpn === "h2") {
      const session = http2.connect("https://localhost", { createConnection: () => socket });
      await once(session.request({ ":path": "/" }).resume(), "response");
      session.destroy();
    } else {
      socket.write(GET);
      await once(socket, "data");
    }
    await expect.poll(() => crossed.map(({ downstream }) => downstream)).toEqual([NAMED]);
    socket.destroy();
  });

  it("speaks TLS behind it where header and handshake come in one packet", async () => {
    const authority = await createAuthority();
    const { port, crossed } = await behindBalancer({ tls: await authority.issue(["localhost"]) });
    const below = connect(port, "127.0.0.1");
    let before: string | undefined = LINE;
    const joined = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        below.write(before === undefined ? chunk : Buffer.concat([Buffer.from(before), chunk]), done);
        before = undefined;
      },
    });
    below.on("data", (chunk) => joined.push(chunk));
    const socket = connectTls({ socket: joined, ca: authority.ca, servername: "localhost" });
    socket.write(GET);
    expect(String(await once(socket, "data"))).toContain("200 OK");
    await expect.poll(() => crossed.map(({ downstream }) => downstream)).toEqual([NAMED]);
    below.destroy();
  });

  it.each([
    ["no header", GET, "neither v1 nor v2"],
    ["a malformed one", LINE.replace("8080", "80800"), "no two addresses with ports"],
  ])("ends a connection with %s, and counts it", async (_what, bytes, detail) => {
    const { port, crossed, refused, counts } = await behindBalancer();
    const caller = await dialLenient(port);
    caller.socket.on("error", () => undefined);
    caller.send(bytes);
    await once(caller.socket, "close");
    expect(caller.received()).toBe("");
    expect(refused).toMatchObject([{ kind: "proxy-header", detail, peer: { address: "127.0.0.1" } }]);
    expect(counts()["proxy-header"]).toBe(1);
    expect(crossed).toEqual([]);
  });

  it("ends a connection whose header does not come in time, and one that nobody may introduce", async () => {
    const slow = await behindBalancer();
    const caller = await dialLenient(slow.port);
    caller.send("PROXY TCP4 ");
    await caller.closed;
    expect(slow.refused).toMatchObject([{ kind: "proxy-header", detail: "no header in time" }]);
    const strange = await behindBalancer({ proxyProtocol: { trusted: ["10.0.0.0/8"] } });
    const stranger = connect(strange.port, "127.0.0.1").on("error", () => undefined);
    stranger.write(LINE + GET);
    await once(stranger, "close");
    expect(strange.refused).toMatchObject([{ kind: "proxy-header", detail: "not from a trusted address" }]);
  });

  it("does not wait for headers when it closes", async () => {
    const { port, close } = await behindBalancer({ proxyProtocol: { trusted: ["127.0.0.1"] } });
    const caller = await dialLenient(port);
    await close();
    expect(await caller.closed).toBe("");
  });
});

/** A connection whose header is on its way. */
function introduced(port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.write(LINE);
  return socket;
}
