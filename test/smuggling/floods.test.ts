/** What a single caller can make the proxy hold or do: bounded, told, and without harm to the others. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFakeClock } from "../support/clock.ts";
import type { Field } from "../support/http2-frames.ts";
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  NEWEST_FIELD,
  OPENING,
  PREFACE,
  SETTINGS_ACK,
  data,
  errorCodeOf,
  fieldBlock,
  frame,
  headers,
  indexedField,
  ping,
  readFrames,
  reset,
  settings,
} from "../support/http2-frames.ts";
import { dialLenient } from "../support/lenient-peer.ts";
import type { LenientConnection } from "../support/lenient-peer.ts";
import type { Border } from "./border.ts";
import { openBorder } from "./border.ts";
import { flood } from "./flood.ts";

const MIB = 1_048_576;
const REQUEST: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", "/"],
];
const POST: readonly Field[] = [[":method", "POST"], ...REQUEST.slice(1)];

let server: Server;
let url: string;
let border: Border;
/** Requests that reached the service. */
let served: number;
beforeEach(async () => {
  served = 0;
  server = createServer((request, response) => {
    served += 1;
    request.resume();
    if (request.url === "/large") response.end(Buffer.alloc(32 * MIB));
    else response.end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  border = await openBorder(url);
});
afterEach(async () => {
  await border.close();
  server.closeAllConnections();
  server.close();
});

async function dialHttp2(opening = OPENING): Promise<LenientConnection> {
  const caller = await dialLenient(border.port);
  caller.send(opening);
  await caller.when((bytes) => readFrames(bytes).some(({ type }) => type === FRAME.settings));
  return caller;
}

async function othersAreServed(): Promise<void> {
  const other = await dialLenient(border.port);
  other.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  expect(await other.closed).toMatch(/200 OK.*ok$/s);
}

describe("a flood of HTTP/2 frames ends its connection with bounded memory:", () => {
  it("streams that are opened and reset at once", async () => {
    const caller = await dialHttp2();
    let pairs = "";
    for (let stream = 1; stream < 20_000; stream += 2) pairs += headers(stream, REQUEST) + reset(stream, 8);
    const { grownBytes } = await flood(caller, pairs, 1);
    await caller.closed;
    expect(grownBytes).toBeLessThan(128 * MIB);
    expect(served).toBeLessThan(1_500);
    await othersAreServed();
  });

  it("WebSocket streams that are opened and reset at once", async () => {
    const caller = await dialHttp2();
    const open: readonly Field[] = [[":method", "CONNECT"], [":protocol", "websocket"], ...REQUEST.slice(1)];
    let pairs = "";
    for (let stream = 1; stream < 20_000; stream += 2) pairs += headers(stream, open, END_HEADERS) + reset(stream, 8);
    const { grownBytes } = await flood(caller, pairs, 1);
    await caller.closed;
    expect(grownBytes).toBeLessThan(128 * MIB);
    expect(served).toBeLessThan(1_500);
    await othersAreServed();
  });

  it.each([
    ["CONTINUATION", frame(FRAME.continuation, 0, 1, fieldBlock([["x", "y".repeat(1_000)]])).repeat(100)],
    ["empty CONTINUATION", frame(FRAME.continuation, 0, 1).repeat(10_000)],
  ])("%s without end", async (_name, piece) => {
    const caller = await dialHttp2();
    caller.send(frame(FRAME.headers, END_STREAM, 1, fieldBlock(REQUEST)));
    const { grownBytes } = await flood(caller, piece, 1_000);
    await caller.closed;
    expect(grownBytes).toBeLessThan(64 * MIB);
    expect(served).toBe(0);
    await expect.poll(() => border.counts()["http2-error"] + border.counts().flood).toBe(1);
    await othersAreServed();
  });

  it.each([
    ["SETTINGS", settings({ 4: 65_535 }).repeat(1_000)],
    ["PING", ping().repeat(1_000)],
  ])("%s by a caller that does not read what they are answered with", async (_name, piece) => {
    const caller = await dialHttp2();
    caller.socket.pause();
    const { grownBytes } = await flood(caller, piece, 4_000);
    caller.socket.resume();
    await caller.closed;
    expect(grownBytes).toBeLessThan(64 * MIB);
    await expect.poll(() => border.counts().flood).toBe(1);
    await othersAreServed();
  });

  it("field blocks that unpack to thousands of times their size", async () => {
    // Without an ACK of its SETTINGS nghttp2 does not hold a caller to them.
    const caller = await dialHttp2(PREFACE + settings());
    const bomb = fieldBlock(REQUEST) + indexedField(["x", "y".repeat(4_000)]);
    const pieces = NEWEST_FIELD.repeat(16_000);
    const before = process.memoryUsage.rss();
    let frames = frame(FRAME.headers, END_STREAM, 1, bomb);
    for (let count = 0; count < 6; count += 1) frames += frame(FRAME.continuation, 0, 1, pieces);
    caller.send(frames + frame(FRAME.continuation, END_HEADERS, 1));
    await caller.when((bytes) =>
      readFrames(bytes).some(({ type }) => type === FRAME.reset || type === FRAME.goaway || type === FRAME.headers),
    );
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * MIB);
    expect(served).toBe(0);
    caller.socket.destroy();
    await othersAreServed();
  });

  it("empty DATA frames", async () => {
    const caller = await dialHttp2();
    caller.send(headers(1, POST, END_HEADERS));
    const { grownBytes } = await flood(caller, data(1, "", 0).repeat(10_000), 100);
    expect(grownBytes).toBeLessThan(64 * MIB);
    caller.socket.destroy();
    await othersAreServed();
  });
});

describe("over HTTP/1.1 a message without end ends its connection with bounded memory:", () => {
  const CHUNKED = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

  it.each([
    ["a head", "GET / HTTP/1.1\r\nHost: a\r\n", "X: 1\r\n".repeat(1_000)],
    ["a target", "GET /", "x".repeat(10_000)],
    ["the extensions of a chunk", `${CHUNKED}1;`, "x".repeat(10_000)],
    ["trailers", `${CHUNKED}0\r\n`, "X: 1\r\n".repeat(1_000)],
  ])("%s", async (_name, start, piece) => {
    const caller = await dialLenient(border.port);
    caller.send(start);
    const { grownBytes } = await flood(caller, piece, 2_000);
    await caller.closed;
    expect(grownBytes).toBeLessThan(64 * MIB);
    await othersAreServed();
  });
});

describe("one connection", () => {
  it("has no more open streams than it was told, whatever it opens", async () => {
    const caller = await dialHttp2();
    const requests = Array.from({ length: 400 }, (_, at) => headers(2 * at + 1, POST, END_HEADERS));
    caller.send(requests.join(""));
    const received = await caller.when(
      (bytes) => readFrames(bytes).filter(({ type }) => type === FRAME.reset || type === FRAME.goaway).length > 0,
    );
    const refused = readFrames(received).filter(({ type }) => type === FRAME.reset || type === FRAME.goaway);
    // REFUSED_STREAM where the caller may not know the limit yet, else a break of the protocol.
    expect([1, 7]).toContain(errorCodeOf(refused[0] as (typeof refused)[0]));
    expect(served).toBeLessThanOrEqual(256);
    caller.socket.destroy();
    await othersAreServed();
  });

  it("whose WebSocket is not read stalls the service", async () => {
    server.on("upgrade", (_request, socket: Socket) => {
      socket.on("error", () => undefined);
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
      const chunk = Buffer.alloc(MIB);
      const write = (): void => {
        while (socket.writable && socket.write(chunk)) served += 1;
        served += 1;
      };
      socket.on("drain", write);
      write();
    });
    const before = process.memoryUsage.rss();
    const caller = await dialLenient(border.port);
    caller.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    await caller.until("101");
    caller.socket.pause();
    await othersAreServed();
    let last = -1;
    // The buffers of four sockets take some megabytes; then nothing moves any more.
    await expect
      .poll(
        () => {
          const stalled = served === last;
          last = served;
          return stalled;
        },
        { interval: 200, timeout: 10_000 },
      )
      .toBe(true);
    expect(served).toBeLessThan(100);
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 * MIB);
    caller.socket.destroy();
  });

  it("that reads one byte at a time, or none, holds up the service and not the proxy's memory", async () => {
    const before = process.memoryUsage.rss();
    const caller = await dialHttp2(PREFACE + settings({ 4: 1 }) + SETTINGS_ACK);
    const large = REQUEST.map(([name, value]): Field => [name, name === ":path" ? "/large" : value]);
    caller.send(Array.from({ length: 8 }, (_, at) => headers(2 * at + 1, large)).join(""));
    await caller.when((bytes) => readFrames(bytes).filter(({ type }) => type === FRAME.data).length >= 8);
    const slow = await dialLenient(border.port);
    slow.socket.pause();
    slow.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    await expect.poll(() => served).toBe(9);
    await othersAreServed();
    // The service itself holds 32 MiB for each of nine.
    expect(process.memoryUsage.rss() - before).toBeLessThan(9 * 32 * MIB + 128 * MIB);
    expect(border.crossings).toHaveLength(1);
    caller.socket.destroy();
    slow.socket.destroy();
  });
});

describe("a slow caller", () => {
  it("is answered 408 where its head does not come in time, and told", async () => {
    await border.close();
    border = await openBorder(url, { timeouts: { headMs: 100 } });
    const told = border.refusal();
    const caller = await dialLenient(border.port);
    caller.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
    expect(await caller.closed).toMatch(/^HTTP\/1\.1 408 .*request timeout\n$/s);
    expect(await told).toMatchObject({ kind: "slow-head", status: 408, detail: "no whole head in time" });
  });

  it("is let go where it does not say what it speaks, nor over HTTP/2 what it wants, however it pings", async () => {
    await border.close();
    const clock = createFakeClock();
    border = await openBorder(url, { clock, timeouts: { headMs: 1_000, keepAliveMs: 4_000 } });
    const silent = await dialLenient(border.port);
    silent.send("PR");
    const half = await dialHttp2();
    half.send(frame(FRAME.headers, END_STREAM, 1, fieldBlock(REQUEST)));
    const idle = await dialHttp2();
    idle.send(headers(1, REQUEST));
    await idle.until("ok");
    while ([silent, half, idle].some(({ socket }) => !socket.destroyed)) {
      clock.advance(1_000);
      idle.send(ping());
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(border.counts()["slow-head"]).toBe(1);
  });

  it("is answered 408 where its body stops", async () => {
    await border.close();
    const clock = createFakeClock();
    border = await openBorder(url, { clock, timeouts: { idleMs: 9_000 } });
    const caller = await dialLenient(border.port);
    server.removeAllListeners("request");
    const arrived = once(server, "request");
    caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    await arrived;
    clock.advance(12_000);
    await caller.until("request stalled");
    caller.socket.destroy();
    expect(border.crossings[0]).toMatchObject({ status: 408, failure: { kind: "client-stalled" } });
  });

  it("that was refused and does not go is cut off", async () => {
    await border.close();
    const clock = createFakeClock();
    border = await openBorder(url, { clock });
    const caller = await dialLenient(border.port);
    caller.socket.allowHalfOpen = true;
    caller.send("GET / HTTQ\r\n\r\n");
    await caller.until("bad request");
    clock.advance(1_500);
    // A connection that is gone tells only who writes to it.
    while (!caller.socket.destroyed) {
      caller.send("and on it goes");
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(border.counts().malformed).toBe(1);
  });
});
