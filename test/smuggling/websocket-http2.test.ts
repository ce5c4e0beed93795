/** WebSocket over streams of HTTP/2 (RFC 8441): from callers, to services, and across to HTTP/1.1 and back. */
import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream, ServerHttp2Stream } from "node:http2";
import { connect, createServer } from "node:http2";
import { Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Field } from "../support/http2-frames.ts";
import { END_HEADERS, FRAME, OPENING, headers, readFrames, reset } from "../support/http2-frames.ts";
import type { LenientConnection, LenientPeer } from "../support/lenient-peer.ts";
import { dialLenient, startLenientPeer } from "../support/lenient-peer.ts";
import { ACCEPT, acceptOf, agreed, bodyOf, opening } from "../support/websocket.ts";
import type { Border } from "./border.ts";
import { openBorder } from "./border.ts";

const CONNECT: readonly Field[] = [
  [":method", "CONNECT"],
  [":protocol", "websocket"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", "/chat"],
  ["sec-websocket-version", "13"],
];

let peer: LenientPeer;
let border: Border;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  peer = await startLenientPeer();
  border = await openBorder(peer.url);
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await border.close();
  await peer.close();
});

interface Stream2 {
  readonly stream: ClientHttp2Stream;
  readonly status: number | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

async function overHttp2(fields: Readonly<Record<string, string>> = {}): Promise<Stream2> {
  const session = await dial2();
  const stream = session.request({ ...Object.fromEntries(CONNECT), ...fields });
  stream.on("error", () => undefined);
  const [head] = (await once(stream, "response")) as [Record<string, unknown>];
  return { stream, status: Number(head[":status"]), fields: head };
}

async function dial2(): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${border.port}`);
  closing.push(() => session.destroy());
  await once(session, "remoteSettings");
  return session;
}

/** The code that it was closed with. */
function closedBy(stream: ClientHttp2Stream): Promise<number | undefined> {
  stream.resume();
  return new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));
}

async function readSome(stream: ClientHttp2Stream | ServerHttp2Stream, length: number): Promise<string> {
  let seen = "";
  while (seen.length < length) seen += ((await once(stream, "data")) as [Buffer])[0].toString("latin1");
  return seen;
}

describe("a WebSocket over a stream of HTTP/2", () => {
  async function begin2(
    answer: (key: string) => string,
    fields: Readonly<Record<string, string>> = {},
  ): Promise<{ service: LenientConnection; request: string; told: Stream2 }> {
    const next = peer.next();
    const telling = overHttp2(fields);
    const service = await next;
    const request = await service.until("\r\n\r\n");
    const key = /^sec-websocket-key: (.*)\r$/im.exec(request)?.[1] ?? "";
    expect(Buffer.from(key, "base64")).toHaveLength(16);
    service.send(answer(key));
    return { service, request, told: await telling };
  }
  const agree = (key: string): string => agreed().replace(ACCEPT, acceptOf(key));

  it("reaches a service over HTTP/1.1 with a handshake of its own, and ends with it", async () => {
    const { service, request, told } = await begin2(
      (key) => agree(key).replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n"),
      { "sec-websocket-protocol": "chat", "sec-websocket-key": "the caller has no say in it" },
    );
    expect(request).toMatch(/^GET \/chat HTTP\/1\.1\r\n/);
    expect(request).toMatch(/^upgrade: websocket\r$/im);
    expect(request).not.toMatch(/:protocol|connect /i);
    const { stream, status, fields } = told;
    expect([status, fields["sec-websocket-protocol"]]).toEqual([200, "chat"]);
    expect([fields["sec-websocket-accept"], fields["upgrade"]]).toEqual([undefined, undefined]);
    const large = "\xff\x00".repeat(50_000);
    stream.write(Buffer.from(large, "latin1"));
    await service.when((received) => bodyOf(received) === large);
    service.send("welcome");
    expect(await readSome(stream, 7)).toBe("welcome");
    const crossed = border.crossing();
    stream.end();
    await service.closed;
    expect(await closedBy(stream)).toBe(0);
    expect(await crossed).toMatchObject({ protocol: "h2", method: "GET", status: 101, failure: undefined });
  });

  it("is a reset where the service breaks off", async () => {
    const { service, told } = await begin2(agree);
    const crossed = border.crossing();
    const closed = closedBy(told.stream);
    service.socket.resetAndDestroy();
    expect(await closed).not.toBe(0);
    expect(await crossed).toMatchObject({ status: 101, failure: { side: "upstream" } });
  });

  it("breaks off at the service where the caller resets it", async () => {
    const next = peer.next();
    const caller = await dialLenient(border.port);
    // A client of Node's ends a stream before it resets it.
    caller.send(OPENING + headers(1, CONNECT, END_HEADERS));
    const service = await next;
    const key = /^sec-websocket-key: (.*)\r$/im.exec(await service.until("\r\n\r\n"))?.[1] ?? "";
    service.send(agree(key));
    await caller.when((bytes) => readFrames(bytes).some(({ type }) => type === FRAME.headers));
    const code = new Promise((resolve) =>
      service.socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code)),
    );
    caller.send(reset(1, 8));
    expect(await code).toBe("ECONNRESET");
    caller.socket.destroy();
  });

  it.each([
    ["a proof of another key", () => agreed()],
    ["an answer that would pass for a tunnel", () => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
  ])("is refused with 502 where the service answers with %s", async (_what, answer) => {
    const crossed = border.crossing();
    const { told } = await begin2(answer);
    expect(told.status).toBe(502);
    expect(await crossed).toMatchObject({ status: 502, failure: { kind: "bad-answer" } });
  });

  it("is answered with what the service says where it is refused there", async () => {
    const { told } = await begin2(() => "HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nmembers");
    expect(told.status).toBe(403);
    expect(await readSome(told.stream, 7)).toBe("members");
  });

  it("is offered, but no other protocol, nor CONNECT to whom nobody allowed", async () => {
    const session = await dial2();
    expect(session.remoteSettings.enableConnectProtocol).toBe(true);
    const statusOf = async (fields: Record<string, string>): Promise<unknown> => {
      const stream = session.request({ ":method": "CONNECT", ":authority": "a:443", ...fields });
      stream.on("error", () => undefined).resume();
      const [head] = (await once(stream, "response")) as [Record<string, unknown>];
      return head[":status"];
    };
    expect(await statusOf({ ":protocol": "connect-udp", ":scheme": "http", ":path": "/" })).toBe(501);
    expect(await statusOf({})).toBe(403);
  });
});

describe("a service over HTTP/2", () => {
  /** Echoes; `offers`: whether it takes extended CONNECT. */
  async function start(offers: boolean): Promise<{ heads: Record<string, unknown>[]; port: number }> {
    const heads: Record<string, unknown>[] = [];
    const server = createServer({ settings: { enableConnectProtocol: offers } });
    server.on("stream", (stream: ServerHttp2Stream, head) => {
      heads.push(head);
      stream.on("error", () => undefined);
      stream.respond({ ":status": 200, "sec-websocket-protocol": "chat" });
      if (head[":method"] === "CONNECT") stream.pipe(stream);
      else stream.end("plain");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await border.close();
    const { port } = server.address() as AddressInfo;
    border = await openBorder(`http://127.0.0.1:${port}`, {}, "h2");
    closing.push(
      () => border.close(),
      () => void server.close(),
    );
    return { heads, port };
  }

  it("takes a WebSocket of a caller over HTTP/2 by extended CONNECT", async () => {
    const { heads } = await start(true);
    const { stream, status, fields } = await overHttp2();
    expect([status, fields["sec-websocket-protocol"]]).toEqual([200, "chat"]);
    expect(heads[0]).toMatchObject({ ":method": "CONNECT", ":protocol": "websocket", ":path": "/chat" });
    expect(heads[0]).not.toHaveProperty("sec-websocket-key");
    stream.write("echo");
    expect(await readSome(stream, 4)).toBe("echo");
    const crossed = border.crossing();
    stream.end();
    expect(await closedBy(stream)).toBe(0);
    expect(await crossed).toMatchObject({ status: 101, failure: undefined });
  });

  it("takes one of a caller over HTTP/1.1, who is given the proof that it waits for", async () => {
    const { heads } = await start(true);
    const caller = await dialLenient(border.port);
    caller.send(opening("/chat"));
    const answer = await caller.until("\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).toContain(`Sec-WebSocket-Accept: ${ACCEPT}\r\n`);
    expect(heads[0]).toMatchObject({ ":method": "CONNECT", ":protocol": "websocket" });
    caller.send("echo");
    await caller.when((received) => bodyOf(received) === "echo");
    const crossed = border.crossing();
    caller.socket.end();
    await caller.closed;
    expect(await crossed).toMatchObject({ status: 101, failure: undefined });
  });

  it("has its silent tunnels watched by TCP at both ends, for a peer that vanished ends nothing", async () => {
    const watched: (number | undefined)[] = [];
    const spy = vi.spyOn(Socket.prototype, "setKeepAlive").mockImplementation(function (this: Socket, enable) {
      if (enable) watched.push(this.remotePort);
      return this;
    });
    closing.push(() => spy.mockRestore());
    const { port } = await start(true);
    const { stream } = await overHttp2();
    expect(watched).toContain(stream.session?.socket.localPort);
    expect(watched).toContain(port);
  });

  it("that does not offer it is asked without, which no caller takes for a tunnel", async () => {
    const { heads } = await start(false);
    const caller = await dialLenient(border.port);
    caller.send(opening("/chat"));
    expect(await caller.closed).toMatch(/^HTTP\/1\.1 200 .*plain/s);
    expect((await overHttp2()).status).toBe(502);
    expect(heads.map((head) => head[":method"])).toEqual(["GET", "GET"]);
  });
});
