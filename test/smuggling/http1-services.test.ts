/** HTTP/1.1 services that misbehave: the caller gets the whole answer or can tell that it has not. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dialLenient, startLenientPeer } from "../support/lenient-peer.ts";
import type { LenientConnection, LenientPeer } from "../support/lenient-peer.ts";
import type { Border } from "./border.ts";
import { openBorder } from "./border.ts";

let peer: LenientPeer;
let border: Border;

describe("an HTTP/1.1 service", () => {
  beforeEach(async () => {
    peer = await startLenientPeer();
    border = await openBorder(peer.url, { timeouts: { connectMs: 1_000 } });
  });
  afterEach(async () => {
    await border.close();
    await peer.close();
  });

  const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";

  async function begin(request: string): Promise<{ caller: LenientConnection; service: LenientConnection }> {
    const next = peer.next();
    const caller = await dialLenient(border.port);
    caller.send(request);
    const service = await next;
    await service.until(request === GET ? "\r\n\r\n" : "hi");
    return { caller, service };
  }

  const REQUESTS = [
    ["GET", GET],
    ["POST", POST],
  ] as const;

  describe.each(REQUESTS)("asked with %s", (_method, request) => {
    it.each([
      ["a short body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"],
      ["a chunk cut off", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort"],
      ["chunks without a last one", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n"],
      ["a chunk size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nzz\r\n"],
    ])("that ends after %s is told from one that has ended", async (_what, answer) => {
      const { caller, service } = await begin(request);
      const failed = new Promise<string>((resolve) =>
        caller.socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "")),
      );
      service.send(answer);
      service.socket.end();
      expect(await failed).toBe("ECONNRESET");
      expect(border.crossings[0]).toMatchObject({ status: 200, failure: { side: "upstream" } });
    });

    it.each([
      ["nothing at all", ""],
      ["half a head", "HTTP/1.1 200 OK\r\nContent-"],
      ["an early hint alone", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"],
      ["100 Continue alone", "HTTP/1.1 100 Continue\r\n\r\n"],
      ["half of 100 Continue", "HTTP/1.1 100"],
    ])("that ends after %s has not answered", async (_what, answer) => {
      const { caller, service } = await begin(request);
      service.send(answer);
      service.socket.end();
      expect(await caller.until("502")).toMatch(/HTTP\/1\.1 502 /);
      caller.socket.destroy();
    });

    it("may close its side once it has answered: the next request goes over another connection", async () => {
      const { caller, service } = await begin(request);
      service.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst");
      service.socket.end();
      await caller.until("first");
      await service.closed;
      const next = peer.next();
      caller.send(request);
      const other = await next;
      await other.until("\r\n\r\n");
      other.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
      expect(await caller.until("second")).toMatch(/first.*second/s);
      caller.socket.destroy();
    });

    it("that answers twice does not answer the next caller", async () => {
      const { caller, service } = await begin(request);
      service.send(
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirstHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
      );
      await caller.until("first");
      const never = new Promise<LenientConnection>(() => undefined);
      const again = service.when((bytes) => bytes.split("HTTP/1.1").length > 2);
      const next = Promise.race([peer.next(), again.then(() => service).catch(() => never)]);
      caller.send(request);
      const other = await next;
      other.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
      expect(await caller.until("second")).not.toContain("poison");
      caller.socket.destroy();
    });

    it("that sends more than its length has said gives no one the rest", async () => {
      const { caller, service } = await begin(request);
      service.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more");
      // Whole, or visibly not.
      await Promise.race([caller.until("ok").catch(() => caller.closed), caller.closed]);
      caller.socket.destroy();
      const next = peer.next();
      const second = await dialLenient(border.port);
      second.send(request);
      const other = await next;
      await other.until("\r\n\r\n");
      other.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
      expect(await second.until("second")).not.toContain("more");
      expect(caller.received()).not.toContain("more");
      second.socket.destroy();
    });
  });

  it("that answers before it has the whole request is heard at once", async () => {
    const next = peer.next();
    const caller = await dialLenient(border.port);
    caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    const service = await next;
    await service.until("half");
    service.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nConnection: close\r\n\r\nstop");
    service.socket.end();
    expect(await caller.until("stop")).toMatch(/^HTTP\/1\.1 401 /);
    caller.socket.destroy();
  });
});
