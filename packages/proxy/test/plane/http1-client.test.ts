import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFakeClock } from "../../../../test/support/clock.ts";
import type { LenientPeer } from "../../../../test/support/lenient-peer.ts";
import { dialLenient, startLenientPeer } from "../../../../test/support/lenient-peer.ts";
import type { TestBorder } from "../border.ts";
import { openBorder, passOn } from "../border.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
const UPLOAD = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\nfirst";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

let peer: LenientPeer;
let border: TestBorder;
beforeEach(async () => {
  peer = await startLenientPeer();
  border = await openBorder({ url: peer.url, protocol: "http/1.1" });
});
afterEach(async () => {
  await border.close();
  await peer.close();
});

describe("an HTTP/1.1 upstream", () => {
  it("may say 100 Continue though no one asked", async () => {
    const { caller, service } = await passOn(border, peer, POST, "hi");
    service.send(`HTTP/1.1 100 Continue\r\n\r\n${OK}`);
    expect(await caller.until("ok")).toMatch(/^HTTP\/1\.1 200 OK/);
    caller.socket.destroy();
  });

  it("is asked again where it closed an idle connection just as a request came", async () => {
    const { caller, service, arrived } = await passOn(border, peer, GET);
    service.send(OK);
    await caller.until("ok");
    caller.send(GET);
    await service.until(arrived + arrived);
    const next = peer.next();
    service.socket.destroy();
    const second = await next;
    await second.until("\r\n\r\n");
    second.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain");
    expect(await caller.until("again")).toMatch(/200 OK.*200 OK/s);
    caller.socket.destroy();
  });

  it("is not asked again for a request that may have had an effect, nor on a new connection", async () => {
    const { caller, service } = await passOn(border, peer, POST, "hi");
    service.socket.destroy();
    expect(await caller.until("lost\n")).toMatch(/^HTTP\/1\.1 502 /);
    caller.socket.destroy();
    const plain = await passOn(border, peer, GET);
    plain.service.socket.destroy();
    expect(await plain.caller.until("lost\n")).toMatch(/^HTTP\/1\.1 502 /);
    plain.caller.socket.destroy();
  });

  it.each([
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"],
    ["both lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a blank before the colon", "HTTP/1.1 200 OK\r\nX : 1\r\nContent-Length: 0\r\n\r\n"],
    ["no HTTP at all", "SSH-2.0-x\r\n\r\n"],
    ["a switch no one asked for", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"],
    ["a head beyond the limit", `HTTP/1.1 200 OK\r\nX: ${"y".repeat(70_000)}\r\n\r\n`],
  ])("that answers with %s has given a bad answer", async (_what, answer) => {
    for (const [request, until] of [
      [GET, "\r\n\r\n"],
      [POST, "hi"],
    ] as const) {
      const crossed = border.crossing();
      const { caller, service } = await passOn(border, peer, request, until);
      service.send(answer);
      expect(await caller.until("\n\r\n")).toMatch(/^HTTP\/1\.1 502 /);
      expect((await crossed).failure).toMatchObject({ side: "upstream" });
      caller.socket.destroy();
    }
  });

  it("cannot slip a second answer to the next caller", async () => {
    const { caller, service } = await passOn(border, peer, GET);
    service.send(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`);
    await caller.until("ok");
    const next = peer.next();
    const other = await dialLenient(border.port);
    other.send(GET);
    const second = await next;
    await second.until("\r\n\r\n");
    second.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean");
    expect(await other.until("clean")).not.toContain("poison");
    caller.socket.destroy();
    other.socket.destroy();
  });

  it("keeps one connection for many requests of many names", async () => {
    const { caller, service } = await passOn(border, peer, GET);
    service.send(OK);
    await caller.until("ok");
    const before = peer.connections.length;
    for (let turn = 0; turn < 5; turn += 1) {
      caller.send(`GET /${turn} HTTP/1.1\r\nHost: h${turn}\r\n\r\n`);
      await service.until(`GET /${turn}`);
      service.send(`HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer`.replace("answer", `answe${turn}`));
      await caller.until(`answe${turn}`);
    }
    expect(peer.connections).toHaveLength(before);
    caller.socket.destroy();
  });

  it("keeps one connection for requests with and without a body, whatever frames them", async () => {
    const { caller, service } = await passOn(border, peer, GET);
    service.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n");
    await caller.until("X-Sum: 1\r\n\r\n");
    const before = peer.connections.length;
    caller.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-In: 2\r\n\r\n");
    expect(await service.until("X-In: 2\r\n\r\n")).toContain("\r\n\r\n3\r\nabc\r\n0\r\nX-In: 2\r\n\r\n");
    service.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nheard");
    await caller.until("heard");
    caller.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    await service.until("HEAD / HTTP/1.1");
    service.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    await caller.until("Content-Length: 9\r\n");
    caller.send(POST);
    await service.until("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    expect(peer.connections).toHaveLength(before);
    caller.socket.destroy();
  });

  it("that answers while the request is still sent is heard, and its connection not used again before all is sent", async () => {
    const { caller, service } = await passOn(
      border,
      peer,
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nhi",
      "hi",
    );
    service.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
    expect(await caller.until("big")).toMatch(/^HTTP\/1\.1 413 /);
    const { service: other } = await passOn(border, peer, GET);
    expect(other).not.toBe(service);
    caller.socket.destroy();
  });

  it("that answers and closes while the request is still sent is heard, though writing to it fails first", async () => {
    const crossed = border.crossing();
    const { caller, service } = await passOn(border, peer, UPLOAD, "first");
    // All in one turn: what the caller sends comes to the proxy before the answer does.
    caller.send("x".repeat(5_000));
    service.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge");
    service.socket.resetAndDestroy();
    expect(await caller.until("large")).toMatch(/^HTTP\/1\.1 413 /);
    expect(await crossed).toMatchObject({ status: 413 });
    caller.socket.destroy();
  });

  it("that closes without an answer while the request is still sent is lost, though writing to it fails first", async () => {
    const { caller, service } = await passOn(border, peer, UPLOAD, "first");
    caller.send("x".repeat(5_000));
    service.socket.resetAndDestroy();
    expect(await caller.until("lost\n")).toMatch(/^HTTP\/1\.1 502 /);
    caller.socket.destroy();
  });

  it("that breaks off an answer while the request is still sent is not taken to have ended it", async () => {
    const crossed = border.crossing();
    const { caller, service } = await passOn(border, peer, UPLOAD, "first");
    caller.send("x".repeat(5_000));
    service.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 50\r\nConnection: close\r\n\r\nlarge");
    service.socket.resetAndDestroy();
    expect(await caller.closed).toMatch(/^HTTP\/1\.1 413 .*large$/s);
    expect((await crossed).failure).toMatchObject({ kind: "lost", side: "upstream" });
  });

  it("that ends its answer with the connection is heard to the end", async () => {
    const { caller, service } = await passOn(border, peer, GET);
    service.send("HTTP/1.1 200 OK\r\n\r\npart");
    await caller.until("part");
    service.send("and end");
    service.socket.end();
    expect(await caller.until("and end\r\n0\r\n\r\n")).toMatch(/Transfer-Encoding: chunked/i);
    caller.socket.destroy();
  });

  it("that breaks off in the middle of an answer is not taken to have ended it", async () => {
    const { caller, service } = await passOn(border, peer, GET);
    service.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    await caller.until("half");
    const crossed = border.crossing();
    service.socket.destroy();
    expect(await caller.closed).not.toContain("\r\n0\r\n");
    expect((await crossed).failure).toMatchObject({ kind: "lost", side: "upstream" });
  });

  it("that says how long it waits is not asked on an old connection", async () => {
    const clock = createFakeClock();
    const timed = await openBorder({ url: peer.url }, { clock });
    const { caller, service } = await passOn(timed, peer, GET);
    service.send("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\nok");
    await caller.until("ok");
    clock.advance(1_600);
    expect(await service.closed).toBe(GET);
    caller.socket.destroy();
    await timed.close();
  });

  it("is given no more connections than allowed; the rest waits, and too many are turned away", async () => {
    const narrow = await openBorder({ url: peer.url, connections: 1 }, { limits: { waiting: 1 } });
    const { caller, service } = await passOn(narrow, peer, GET);
    const before = peer.connections.length;
    const second = await dialLenient(narrow.port);
    second.send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
    const third = await dialLenient(narrow.port);
    third.send("GET /third HTTP/1.1\r\nHost: a\r\n\r\n");
    const [turnedAway, waiter] = await Promise.race([
      third.until("busy").then(() => [third, second] as const),
      second.until("busy").then(() => [second, third] as const),
    ]);
    expect(turnedAway.received()).toMatch(/^HTTP\/1\.1 503 /);
    service.send(OK);
    await caller.until("ok");
    await service.until(waiter === second ? "GET /second" : "GET /third");
    service.send(OK);
    await waiter.until("ok");
    expect(peer.connections).toHaveLength(before);
    for (const connection of [caller, second, third]) connection.socket.destroy();
    await narrow.close();
  });

  it("that cannot be reached in time is given up", async () => {
    const clock = createFakeClock();
    // TEST-NET-1 (RFC 5737): packets to it lead nowhere, or the network says so at once.
    const far = await openBorder({ url: "http://192.0.2.1:9" }, { clock, timeouts: { connectMs: 500 } });
    const caller = await dialLenient(far.port);
    caller.send(GET);
    await clock.whenDueIn(500);
    clock.advance(600);
    expect(await caller.until("\n\r\n")).toMatch(/^HTTP\/1\.1 50[24] /);
    caller.socket.destroy();
    await far.close();
  });
});
