import { describe, expect, it } from "vitest";
import { startLenientPeer } from "../../../../test/support/lenient-peer.ts";
import { openBorder, passOn } from "../border.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

describe("100 Continue that no one asked for", () => {
  it.each([
    ["with the answer", [`HTTP/1.1 100 Continue\r\n\r\n${OK}`]],
    ["twice", [`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Go on\r\nX: 1\r\n\r\n${OK}`]],
    ["before the answer", ["HTTP/1.1 100 Continue\r\n\r\n", OK]],
    ["byte by byte", [..."HTTP/1.1 100 Continue\r\n\r\n", OK]],
    ["and an early hint", [`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`]],
  ])("is ignored where it comes %s, but not in a body, and the connection is used again", async (_when, parts) => {
    const peer = await startLenientPeer();
    const border = await openBorder({ url: peer.url });
    const { caller, service } = await passOn(border, peer, GET);
    for (const part of parts) {
      service.send(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await caller.until("ok")).toMatch(/^HTTP\/1\.1 (103|200)/);
    caller.send(GET);
    await service.when((received) => received.split("\r\n\r\n").length === 3);
    service.send("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nHTTP/1.1 100 body");
    await caller.until("HTTP/1.1 100 body");
    caller.socket.destroy();
    await border.close();
    await peer.close();
  });
});
