import http2 from "node:http2";
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { fieldValues } from "@tracemend/context";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { dialLenient, startLenientPeer } from "../../../../test/support/lenient-peer.ts";
import type { TestBorder } from "../border.ts";
import { openBorder } from "../border.ts";

type Serve = (stream: ServerHttp2Stream, raw: readonly string[]) => void;

let serve: Serve;
let sessions: ServerHttp2Session[];
let server: http2.Http2Server;
let url: string;
let border: TestBorder;
let client: http2.ClientHttp2Session;

beforeEach(async () => {
  sessions = [];
  serve = (stream) => {
    stream.respond({ ":status": 200 });
    stream.end("ok");
  };
  server = http2.createServer();
  server.on("session", (session) => sessions.push(session));
  server.on("stream", (stream: ServerHttp2Stream, _fields, _flags, raw: string[]) => {
    stream.on("error", () => undefined);
    serve(stream, raw);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  border = await openBorder({ url, protocol: "h2" });
  client = http2.connect(`http://127.0.0.1:${border.port}`);
});
afterEach(async () => {
  client.destroy();
  await border.close();
  server.close();
  for (const session of sessions) session.destroy();
});

interface Told {
  readonly status: number;
  readonly code: number;
  readonly body: string;
  readonly raw: readonly string[];
  readonly trailers: readonly string[];
}

function call(fields: http2.OutgoingHttpHeaders = {}, options: http2.ClientSessionRequestOptions = {}): Promise<Told> {
  const stream = client.request(fields, options);
  return new Promise((resolve) => {
    let status = 0;
    let body = "";
    let raw: readonly string[] = [];
    let trailers: readonly string[] = [];
    stream.on("response", (head, _flags, list: string[]) => {
      status = head[":status"] ?? 0;
      raw = list;
    });
    stream.on("data", (chunk: Buffer) => (body += String(chunk)));
    stream.on("trailers", (_fields, _flags, list: string[]) => (trailers = list));
    stream.on("error", () => undefined);
    stream.on("close", () => resolve({ status, code: stream.rstCode ?? 0, body, raw, trailers }));
  });
}

describe("an HTTP/2 upstream", () => {
  it("is shielded from fields that would cost every stream of the session its life", async () => {
    const open: ServerHttp2Stream[] = [];
    let arrived = (): void => undefined;
    const ten = new Promise<void>((resolve) => {
      arrived = () => open.length === 10 && resolve();
    });
    serve = (stream, raw) => {
      if (raw.includes("/quick")) {
        stream.respond({ ":status": 200 });
        stream.end(raw.join(" "));
      } else {
        open.push(stream);
        arrived();
      }
    };
    const long = Array.from({ length: 10 }, () => call({ ":path": "/long" }));
    await ten;
    const caller = await dialLenient(border.port);
    caller.send(
      "GET /quick HTTP/1.1\r\nHost: a\r\nTE: gzip\r\nProxy-Connection: keep-alive\r\nHTTP2-Settings: AA\r\nKeep-Alive: x\r\nConnection: close\r\n\r\n",
    );
    const answer = await caller.closed;
    expect(answer).toMatch(/^HTTP\/1\.1 200/);
    expect(answer).not.toMatch(/ te |proxy-connection|http2-settings|keep-alive x/);
    for (const stream of open) {
      stream.respond({ ":status": 200 });
      stream.end();
    }
    expect((await Promise.all(long)).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
  });

  it("is asked again for a stream it refused", async () => {
    let refused = 0;
    const answer = serve;
    serve = (stream, raw) => {
      if (refused === 0) stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
      else answer(stream, raw);
      refused += 1;
    };
    expect(await call()).toMatchObject({ status: 200, body: "ok" });
    expect(refused).toBe(2);
  });

  it("that refuses twice is unavailable", async () => {
    serve = (stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    const crossed = border.crossing();
    expect(await call()).toMatchObject({ status: 503, body: "upstream refused the request\n" });
    expect((await crossed).failure).toEqual({ kind: "refused", side: "upstream" });
  });

  it("is asked again for a request whose body it refused unread", async () => {
    const streams: ServerHttp2Stream[] = [];
    serve = (stream) => {
      streams.push(stream);
      // Refused once the body has begun to come.
      if (streams.length === 1) stream.once("data", () => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM));
      else {
        stream.respond({ ":status": 200 });
        stream.pipe(stream);
      }
    };
    const caller = await dialLenient(border.port);
    caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst");
    await expect.poll(() => streams.length).toBe(2);
    caller.send(" last");
    expect(await caller.until(" last")).toMatch(/^HTTP\/1\.1 200 .*first/s);
    caller.socket.destroy();
  });

  it("that refuses a body which is longer than what is kept is unavailable", async () => {
    serve = (stream) => {
      let bytes = 0;
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > 65_536) stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
      });
    };
    const caller = await dialLenient(border.port);
    caller.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${"x".repeat(70_000)}`);
    expect(await caller.until("refused the request\n")).toMatch(/^HTTP\/1\.1 503 /);
    caller.socket.destroy();
  });

  it("is not asked again for a request with a body that was lost with its connection", async () => {
    let asked = 0;
    serve = (stream) => {
      asked += 1;
      stream.once("data", () => stream.session?.destroy());
    };
    const caller = await dialLenient(border.port);
    caller.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst");
    expect(await caller.until("lost\n")).toMatch(/^HTTP\/1\.1 502 /);
    expect(asked).toBe(1);
    caller.socket.destroy();
  });

  it("that says GOAWAY finishes what is open and gets what is new over another session", async () => {
    const first = Promise.withResolvers<ServerHttp2Stream>();
    const answer = serve;
    serve = first.resolve;
    const open = call();
    const stream = await first.promise;
    serve = answer;
    sessions[0]?.goaway(0);
    await expect.poll(async () => (await call()).status).toBe(200);
    await expect.poll(() => sessions.length).toBe(2);
    stream.respond({ ":status": 200 });
    stream.end("late");
    expect((await open).body).toBe("late");
  });

  it("has its connection cut: what is open is lost, what is new finds another", async () => {
    const first = Promise.withResolvers<ServerHttp2Stream>();
    const answer = serve;
    serve = first.resolve;
    const open = call({ ":method": "POST" }, { endStream: true });
    await first.promise;
    serve = answer;
    sessions[0]?.destroy();
    expect(await open).toMatchObject({ status: 502, body: "upstream connection lost\n" });
    expect((await call()).status).toBe(200);
  });

  it("carries a burst over few sessions", async () => {
    const told = await Promise.all(Array.from({ length: 300 }, () => call()));
    expect(told.every(({ status, body }) => status === 200 && body === "ok")).toBe(true);
    expect(sessions.length).toBeLessThanOrEqual(4);
  });

  it("may repeat a field, in heads and trailers, and each line arrives", async () => {
    serve = (stream) => {
      stream.respond({ ":status": 200, "set-cookie": ["a", "b"] }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-bin": ["AAA=", "BBB="] }));
      stream.end();
    };
    const { raw, trailers } = await call();
    expect(fieldValues(raw, "set-cookie")).toEqual(["a", "b"]);
    expect(fieldValues(trailers, "x-bin")).toEqual(["AAA=", "BBB="]);
  });

  it("hears the caller's own authority", async () => {
    serve = (stream, raw) => {
      stream.respond({ ":status": 200 });
      stream.end(String(raw[raw.indexOf(":authority") + 1]));
    };
    expect((await call({ ":authority": "shop.example" })).body).toBe("shop.example");
  });

  it("keeps serving other streams while one caller does not read", async () => {
    const big = Buffer.alloc(1024 * 1024);
    serve = (stream, raw) => {
      stream.respond({ ":status": 200 });
      stream.end(raw.includes("/big") ? big : "ok");
    };
    const stalled = Array.from({ length: 4 }, () => client.request({ ":path": "/big" }));
    await Promise.all(stalled.map((stream) => new Promise((resolve) => stream.once("response", resolve))));
    const other = http2.connect(`http://127.0.0.1:${border.port}`);
    const quick = other.request({ ":path": "/quick" });
    const body = await new Promise<string>((resolve) => quick.once("data", (chunk: Buffer) => resolve(String(chunk))));
    expect(body).toBe("ok");
    other.destroy();
    for (const stream of stalled) stream.close();
  });

  it("that is none is a bad gateway", async () => {
    const peer = await startLenientPeer();
    const wrong = await openBorder({ url: peer.url, protocol: "h2" });
    const next = peer.next();
    const caller = await dialLenient(wrong.port);
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    (await next).send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    expect(await caller.until("\n\r\n")).toMatch(/^HTTP\/1\.1 502 /);
    caller.socket.destroy();
    await wrong.close();
    await peer.close();
  });

  it("that fell silent is asked for a sign of life, and its connection given up without one", async () => {
    const clock = createFakeClock();
    const peer = await startLenientPeer();
    const silent = await openBorder(
      { url: peer.url, protocol: "h2" },
      { clock, timeouts: { answerMs: 1_000, connectMs: 500 } },
    );
    const next = peer.next();
    const caller = await dialLenient(silent.port);
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const service = await next;
    await service.until("PRI * HTTP/2.0");
    clock.advance(2_000);
    expect(await caller.until("upstream timeout\n")).toMatch(/^HTTP\/1\.1 504 /);
    clock.advance(600);
    await service.closed;
    caller.socket.destroy();
    await silent.close();
    await peer.close();
  });

  it("gets a request without a body as one, END_STREAM on its head", async () => {
    const flags = Promise.withResolvers<boolean>();
    server.once("stream", (stream) => flags.resolve(stream.endAfterHeaders));
    await call({}, { endStream: true });
    expect(await flags.promise).toBe(true);
  });
});
