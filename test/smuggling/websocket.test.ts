/** WebSocket through a border over HTTP/1.1: every byte of both sides, the handshake, and the end of each side. */
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FakeClock } from "../support/clock.ts";
import { createFakeClock } from "../support/clock.ts";
import type { LenientConnection, LenientPeer } from "../support/lenient-peer.ts";
import { dialLenient, startLenientPeer } from "../support/lenient-peer.ts";
import { ACCEPT, KEY, OPCODE, agreed, bodyOf, frameOf, opening } from "../support/websocket.ts";
import type { Border } from "./border.ts";
import { openBorder } from "./border.ts";
import { MESSAGES } from "./websocket-cases.ts";

let peer: LenientPeer;
let border: Border;
let clock: FakeClock;
beforeEach(async () => {
  clock = createFakeClock();
  peer = await startLenientPeer();
  border = await openBorder(peer.url, { clock });
});
afterEach(async () => {
  await border.close();
  await peer.close();
});

interface Ends {
  readonly caller: LenientConnection;
  readonly service: LenientConnection;
}

async function begin(fields = "", answer = agreed()): Promise<Ends> {
  const next = peer.next();
  const caller = await dialLenient(border.port);
  caller.send(opening("/chat?room=1", fields));
  const service = await next;
  await service.until("\r\n\r\n");
  service.send(answer);
  await caller.until("\r\n\r\n");
  return { caller, service };
}

/** Sends the bytes one way in pieces and gives what arrives. */
async function carry(from: LenientConnection, to: LenientConnection, bytes: string, piece: number): Promise<string> {
  const before = bodyOf(to.received()).length;
  const slow = Math.min(bytes.length, 30 * piece);
  for (let at = 0; at < slow; at += piece) {
    from.send(bytes.slice(at, Math.min(slow, at + piece)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  from.send(bytes.slice(slow));
  const all = await to.when((received) => bodyOf(received).length >= before + bytes.length);
  return bodyOf(all).slice(before);
}

describe.each(Object.entries(MESSAGES))("a WebSocket carries %s", (_name, frames) => {
  it.each([7, 65_536])("both ways, sent in pieces of %i bytes at the start", async (piece) => {
    const { caller, service } = await begin();
    const there = frames.map((frame) => frameOf(frame, true)).join("");
    const back = frames.map((frame) => frameOf(frame, false)).join("");
    expect(await carry(caller, service, there, piece)).toBe(there);
    expect(await carry(service, caller, back, piece)).toBe(back);
  });
});

describe("the handshake of a WebSocket", () => {
  it("passes whole: key, version, subprotocols and extensions there, what was chosen of them back", async () => {
    const { caller, service } = await begin(
      "Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nOrigin: http://a\r\n",
      agreed("Sec-WebSocket-Protocol: superchat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"),
    );
    const request = service.received();
    expect(request).toMatch(/^GET \/chat\?room=1 HTTP\/1\.1\r\n/);
    for (const line of [
      "Connection: Upgrade",
      "Upgrade: websocket",
      `Sec-WebSocket-Key: ${KEY}`,
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: chat, superchat",
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
      "Origin: http://a",
    ])
      expect(request.split(`${line}\r\n`)).toHaveLength(2);
    const answer = caller.received();
    expect(answer).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    for (const line of [
      `Sec-WebSocket-Accept: ${ACCEPT}`,
      "Sec-WebSocket-Protocol: superchat",
      "Sec-WebSocket-Extensions: permessage-deflate",
    ])
      expect(answer.split(`${line}\r\n`)).toHaveLength(2);
  });

  it("may come in one packet with the first frames, from either side", async () => {
    const hello = frameOf({ opcode: OPCODE.text, payload: "hello" }, true);
    const welcome = frameOf({ opcode: OPCODE.text, payload: "welcome" }, false);
    const next = peer.next();
    const caller = await dialLenient(border.port);
    caller.send(opening("/") + hello);
    const service = await next;
    await service.until("\r\n\r\n");
    // Nothing of a tunnel leaves before the service has agreed to one.
    expect(bodyOf(service.received())).toBe("");
    service.send(agreed() + welcome);
    await service.when((received) => bodyOf(received) === hello);
    await caller.when((received) => bodyOf(received) === welcome);
  });

  it("that is refused is answered with what the service says, body and all", async () => {
    const crossed = border.crossing();
    const { caller } = await begin(
      "",
      "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nmembers",
    );
    const answer = await caller.closed;
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n.*\r\n\r\nmembers$/s);
    expect(await crossed).toMatchObject({ status: 403, failure: undefined });
  });

  it("that is answered with a challenge, or sent elsewhere, is too", async () => {
    for (const answer of [
      "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nold\r\n0\r\n\r\n",
    ]) {
      const { caller, service } = await begin("", answer);
      expect((await caller.closed).slice(0, 12)).toBe(answer.slice(0, 12));
      service.socket.destroy();
    }
  });
});

describe("the end of a WebSocket", () => {
  const close = frameOf({ opcode: OPCODE.close, payload: "\x03\xe8" }, false);

  it("by the service is one for the caller, and no error", async () => {
    const { caller, service } = await begin();
    const crossed = border.crossing();
    service.send(close);
    service.socket.end();
    expect(bodyOf(await caller.closed)).toBe(close);
    expect(await crossed).toMatchObject({ status: 101, failure: undefined });
  });

  it("by the caller is one for the service, and no error", async () => {
    const { caller, service } = await begin();
    const crossed = border.crossing();
    caller.send("bye");
    caller.socket.end();
    expect(bodyOf(await service.closed)).toBe("bye");
    expect(await crossed).toMatchObject({ status: 101, failure: undefined });
  });

  it.each(["caller", "service"] as const)("on the side of the %s leaves the other side open", async (side) => {
    const ends = await begin();
    const [first, second] = side === "caller" ? [ends.caller, ends.service] : [ends.service, ends.caller];
    second.socket.allowHalfOpen = true;
    const ended = once(second.socket, "end");
    const crossed = border.crossing();
    first.socket.end("last words", "latin1");
    await ended;
    expect(bodyOf(second.received())).toBe("last words");
    second.send("an answer to them");
    await first.until("an answer to them");
    second.socket.end();
    expect(await crossed).toMatchObject({ status: 101, failure: undefined });
  });

  it.each([
    ["caller", "downstream"],
    ["service", "upstream"],
  ] as const)("by a reset of the %s is a reset for the other, and told", async (who, side) => {
    const ends = await begin();
    const [first, second] = who === "caller" ? [ends.caller, ends.service] : [ends.service, ends.caller];
    const code = new Promise((resolve) =>
      second.socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code)),
    );
    const crossed = border.crossing();
    first.socket.resetAndDestroy();
    expect(await code).toBe("ECONNRESET");
    expect(await crossed).toMatchObject({ status: 101, failure: { side } });
  });

  it("does not come from being silent for hours, but from one side that has gone and another that does not", async () => {
    const { caller, service } = await begin();
    clock.advance(24 * 3_600_000);
    expect(await carry(caller, service, "still here", 10)).toBe("still here");
    expect(border.crossings).toEqual([]);
    const crossed = border.crossing();
    caller.socket.allowHalfOpen = true;
    const ended = once(caller.socket, "end");
    service.socket.end();
    await ended;
    clock.advance(400_000);
    expect(await crossed).toMatchObject({ status: 101, failure: { kind: "idle-timeout" } });
  });
});
