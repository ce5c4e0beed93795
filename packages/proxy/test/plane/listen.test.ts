import http2 from "node:http2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FakeClock } from "../../../../test/support/clock.ts";
import { createFakeClock } from "../../../../test/support/clock.ts";
import type { LenientPeer } from "../../../../test/support/lenient-peer.ts";
import { dialLenient, startLenientPeer } from "../../../../test/support/lenient-peer.ts";
import type { TestBorder } from "../border.ts";
import { openBorder, passOn } from "../border.ts";

let peer: LenientPeer;
let border: TestBorder;
let clock: FakeClock;
beforeEach(async () => {
  clock = createFakeClock();
  peer = await startLenientPeer();
  border = await openBorder({ url: peer.url }, { clock, timeouts: { headMs: 1_000 } });
});
afterEach(async () => {
  await border.close();
  await peer.close();
});

describe("a plaintext port", () => {
  it("speaks HTTP/1.1 and HTTP/2 with prior knowledge", async () => {
    const { caller, service } = await passOn(border, peer, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    service.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    await caller.until("200 OK");
    const session = http2.connect(`http://127.0.0.1:${border.port}`);
    const crossed = border.crossing();
    const stream = session.request();
    await service.until("GET / HTTP/1.1\r\nhost: 127");
    service.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    await new Promise((resolve) => stream.once("response", resolve));
    expect((await crossed).protocol).toBe("h2");
    session.destroy();
    caller.socket.destroy();
  });

  it("answers a caller that offers h2c with every request over one connection, whatever the packets", async () => {
    const warnings: string[] = [];
    const warned = (warning: Error): number => warnings.push(warning.message);
    process.on("warning", warned);
    const offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";
    const next = peer.next();
    const caller = await dialLenient(border.port);
    for (let count = 1; count <= 20; count += 1) {
      const request = `GET /${count} HTTP/1.1\r\nHost: a\r\n${offer}`;
      if (count % 2 === 0) caller.send(request);
      else {
        for (const piece of [request.slice(0, 30), request.slice(30, -1), request.slice(-1)]) {
          caller.send(piece);
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      const service = await next;
      await service.until(`GET /${count} `);
      service.send(`HTTP/1.1 200 OK\r\nContent-Length: ${String(count).length + 3}\r\n\r\n<${count}>\r`);
      await caller.until(`<${count}>\r`);
    }
    expect(caller.received()).not.toMatch(/connection: close/i);
    expect(border.crossings).toHaveLength(20);
    process.off("warning", warned);
    expect(warnings).toEqual([]);
    caller.socket.destroy();
  });

  it("decides by the first bytes, one at a time if need be", async () => {
    const next = peer.next();
    const caller = await dialLenient(border.port);
    for (const byte of "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") {
      caller.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const service = await next;
    expect(await service.until("\r\n\r\n")).toMatch(/^PUT \/ HTTP\/1\.1/);
    caller.socket.destroy();
  });

  it("gives up a connection that says nothing", async () => {
    const caller = await dialLenient(border.port);
    await clock.whenDueIn(1_000);
    clock.advance(1_001);
    expect(await caller.closed).toBe("");
  });

  it("answers two requests sent at once in their order", async () => {
    const caller = await dialLenient(border.port);
    const next = peer.next();
    caller.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    const service = await next;
    await service.until("/1");
    service.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
    await service.until("/2");
    service.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
    const text = await caller.until("\r\n\r\n2");
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 103", "HTTP/1.1 200", "HTTP/1.1 200"]);
    expect(text.indexOf("\r\n\r\n1")).toBeLessThan(text.indexOf("\r\n\r\n2"));
    caller.socket.destroy();
  });

  it("keeps no connection whose body was neither asked for nor sent", async () => {
    const head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    const caller = await dialLenient(border.port);
    const crossed = border.crossing();
    await peer.close();
    caller.send(head);
    const answer = await caller.closed;
    expect(answer).toMatch(/^HTTP\/1\.1 502 .*\r\nConnection: close\r\n/s);
    expect(answer).not.toContain("100 Continue");
    expect((await crossed).status).toBe(502);
  });

  it("resets an HTTP/2 stream whose head is beyond the limit, and only that", async () => {
    const session = http2.connect(`http://127.0.0.1:${border.port}`, { settings: {} });
    session.on("error", () => undefined);
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    const heavy = session.request(
      Object.fromEntries(Array.from({ length: 70 }, (_, at) => [`x${at}`, "y".repeat(1_000)])),
    );
    const code = await new Promise((resolve) => {
      heavy.on("error", () => undefined);
      heavy.once("close", () => resolve(heavy.rstCode));
    });
    expect(code).not.toBe(0);
    expect(border.crossings).toEqual([]);
    session.destroy();
  });
});
