/** Tunnels of CONNECT: the end of each side, what is still on its way then, and a side that does not read. */
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAuthority } from "../support/certificates.ts";
import type { TunnelRig } from "./connect-rig.ts";
import { CONNECT, carried, openTunnels, readAll } from "./connect-rig.ts";

const SENT_BYTES = 64_000_000;

const authority = await createAuthority();
const identity = await authority.issue(["localhost"]);

let rig: TunnelRig;
beforeEach(async () => {
  rig = await openTunnels();
});
afterEach(() => rig.close());

describe("the end of a tunnel", () => {
  it.each(["caller", "service"] as const)("on the side of the %s leaves the other side open", async (side) => {
    const ends = await rig.begin();
    const [first, second] = side === "caller" ? [ends.caller, ends.service] : [ends.service, ends.caller];
    second.socket.allowHalfOpen = true;
    const ended = once(second.socket, "end");
    const crossed = rig.border.crossing();
    first.socket.end("last words", "latin1");
    await ended;
    expect(second.received()).toMatch(/last words$/);
    second.send("an answer to them");
    await first.until("an answer to them");
    second.socket.end();
    expect(await crossed).toMatchObject({ status: 200, failure: undefined });
  });

  it.each(["caller", "service"] as const)("loses nothing that the %s sent and has yet to leave", async (side) => {
    const ends = await rig.begin();
    const [first, second] = side === "caller" ? [ends.caller, ends.service] : [ends.service, ends.caller];
    first.socket.allowHalfOpen = true;
    second.socket.allowHalfOpen = true;
    second.socket.pause();
    const bytes = "x".repeat(8_000_000);
    first.socket.end(bytes, "latin1");
    second.socket.end();
    await once(first.socket, "end");
    second.socket.resume();
    expect(carried(await second.closed)).toHaveLength(bytes.length);
  });

  it.each([
    ["caller", "downstream"],
    ["service", "upstream"],
  ] as const)("by a reset of the %s is a reset for the other, and told", async (who, side) => {
    const ends = await rig.begin();
    const [first, second] = who === "caller" ? [ends.caller, ends.service] : [ends.service, ends.caller];
    const code = new Promise((resolve) =>
      second.socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code)),
    );
    const crossed = rig.border.crossing();
    first.socket.resetAndDestroy();
    expect(await code).toBe("ECONNRESET");
    expect(await crossed).toMatchObject({ status: 200, failure: { side } });
  });

  it("comes from being silent for as long as the route allows", async () => {
    const { caller, service } = await rig.begin();
    rig.clock.advance(200_000);
    caller.send("still here");
    await service.until("still here");
    rig.clock.advance(200_000);
    service.send("so am I");
    await caller.until("so am I");
    const crossed = rig.border.crossing();
    rig.clock.advance(301_000);
    expect(await crossed).toMatchObject({ status: 200, failure: { kind: "idle-timeout" } });
    await Promise.all([caller.closed, service.closed]);
  });

  it("waits while the proxy drains, and comes with the end of its patience", async () => {
    const { caller, service } = await rig.begin();
    const crossed = rig.border.crossing();
    const patience = new AbortController();
    const closed = rig.border.drain(patience.signal);
    caller.send("under way");
    await service.until("under way");
    patience.abort();
    await closed;
    expect(await crossed).toMatchObject({ failure: { kind: "closing" } });
    await Promise.all([caller.closed, service.closed]);
  });
});

describe("a tunnel holds a fast side up for a slow one", () => {
  it.each(["caller", "service"] as const)("where the %s does not read", async (slow) => {
    const ends = await rig.begin();
    const [reader, writer] = slow === "caller" ? [ends.caller, ends.service] : [ends.service, ends.caller];
    reader.socket.pause();
    writer.socket.end("y".repeat(SENT_BYTES), "latin1");
    let left = SENT_BYTES;
    for (let still = 0; still < 200; still += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (writer.socket.writableLength !== left) still = 0;
      left = writer.socket.writableLength;
    }
    // What the kernel holds of three connections and a little of ours: nobody else has the rest.
    expect(left).toBeGreaterThan(SENT_BYTES / 2);
    reader.socket.resume();
    expect(carried(await reader.closed)).toHaveLength(SENT_BYTES);
  });
});

describe("CONNECT over TLS", () => {
  it("leaves one side open where the other has ended", async () => {
    const secure = await openTunnels({ listen: { tls: identity } });
    const next = secure.peer.next();
    const socket = connectTls({ port: secure.border.port, ca: authority.ca, servername: "localhost" });
    socket.allowHalfOpen = true;
    await once(socket, "secureConnect");
    socket.write(CONNECT);
    const service = await next;
    service.socket.allowHalfOpen = true;
    const [head] = (await once(socket, "data")) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1\.1 200 /);
    const ended = once(service.socket, "end");
    socket.end("last words");
    await ended;
    expect(service.received()).toBe("last words");
    service.socket.end("an answer to them");
    expect(await readAll(socket)).toBe("an answer to them");
    await secure.close();
  });
});
