/** CONNECT over HTTP/1.1: who may, where it leads, and how it is refused. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dialLenient } from "../support/lenient-peer.ts";
import { openBorder } from "./border.ts";
import type { TunnelRig } from "./connect-rig.ts";
import { CONNECT, carried, deadPort, openTunnels, tunnelTo } from "./connect-rig.ts";
import { SMUGGLED } from "./http1-case.ts";

let rig: TunnelRig;
beforeEach(async () => {
  rig = await openTunnels();
});
afterEach(() => rig.close());

describe("CONNECT", () => {
  it("to where a route leads is answered with 200 and no field of a body, and every byte goes both ways", async () => {
    const crossed = rig.border.crossing();
    const { caller, service } = await rig.begin();
    expect(caller.received()).toBe("HTTP/1.1 200 Connection Established\r\n\r\n");
    caller.send("\0\x01SELECT\xff");
    await service.until("SELECT\xff");
    expect(service.received()).toBe("\0\x01SELECT\xff");
    service.send("HTTP/1.1 400 not for us\r\n\r\n\0rows");
    await caller.until("\0rows");
    caller.socket.end();
    service.socket.end();
    expect(await crossed).toMatchObject({
      method: "CONNECT",
      authority: "db.internal:5432",
      path: "",
      status: 200,
      failure: undefined,
      service: "db",
      upstream: { name: "db", port: rig.peer.port },
      requestBytes: 9,
      answerBytes: 32,
    });
  });

  it("is open to services that speak first", async () => {
    const { caller, service } = await rig.begin();
    service.send("220 ready\r\n");
    expect(carried(await caller.until("220 ready\r\n"))).toBe("220 ready\r\n");
  });

  it("goes by the target, whatever Host says, and by HTTP/1.0 without one", async () => {
    for (const text of [CONNECT.replace(/Host:.*/, "Host: proxy"), "CONNECT DB.Internal:5432 HTTP/1.0\r\n\r\n"]) {
      const { caller, service } = await rig.begin(text);
      caller.send("x");
      expect(await service.until("x")).toBe("x");
      expect(caller.received()).toMatch(/^HTTP\/1\.1 200 /);
    }
  });

  it("lets what comes behind its head wait for the answer, and then passes it as it came", async () => {
    const { caller, service } = await rig.begin(CONNECT + SMUGGLED);
    await service.until(SMUGGLED);
    expect(service.received()).toBe(SMUGGLED);
    expect(caller.received()).toMatch(/^HTTP\/1\.1 200 [^\r]*\r\n\r\n$/);
  });

  it("is refused where host or port are other ones, with the end of the connection and whatever came behind", async () => {
    for (const to of [
      "db.internal:5433",
      "db.internal:443",
      "127.0.0.1:5432",
      `127.0.0.1:${rig.peer.port}`,
      "x.internal:5432",
    ]) {
      const caller = await dialLenient(rig.border.port);
      caller.send(CONNECT.replaceAll("db.internal:5432", to) + SMUGGLED);
      const answer = await caller.closed;
      expect(answer).toMatch(/^HTTP\/1\.1 403 .*no tunnel to this host and port\n$/s);
      expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    }
    expect(rig.peer.connections).toEqual([]);
    expect(rig.border.crossings[0]).toMatchObject({ status: 403, failure: { kind: "forbidden" }, upstream: undefined });
  });

  it("is for CONNECT alone: a request that names the same authority has no route", async () => {
    const caller = await dialLenient(rig.border.port);
    caller.send("GET / HTTP/1.1\r\nHost: db.internal:5432\r\nConnection: close\r\n\r\n");
    expect(await caller.closed).toMatch(/^HTTP\/1\.1 404 /);
    expect(rig.peer.connections).toEqual([]);
  });

  it("takes no route of HTTP, whatever that one fits", async () => {
    const open = await openBorder(rig.peer.url);
    const caller = await dialLenient(open.port);
    caller.send(CONNECT);
    expect(await caller.closed).toMatch(/^HTTP\/1\.1 403 /);
    expect(rig.peer.connections).toEqual([]);
    await open.close();
  });

  it("is answered with why nobody could be connected, and ends", async () => {
    const alone = await openTunnels({ routes: tunnelTo(`tcp://127.0.0.1:${await deadPort()}`) });
    const crossed = alone.border.crossing();
    const caller = await dialLenient(alone.border.port);
    caller.send(CONNECT + SMUGGLED);
    const answer = await caller.closed;
    expect(answer).toMatch(/^HTTP\/1\.1 502 .*upstream unreachable\n$/s);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(await crossed).toMatchObject({ status: 502, failure: { kind: "unreachable", side: "upstream" } });
    await alone.close();
  });

  it("is answered with 503 where as many tunnels as may be are open", async () => {
    const url = `tcp://127.0.0.1:${rig.peer.port}`;
    const narrow = await openBorder(rig.peer.url, { routes: tunnelTo(url, { limits: { requests: 1 } }) });
    const next = rig.peer.next();
    const first = await dialLenient(narrow.port);
    first.send(CONNECT);
    await first.until("\r\n\r\n");
    const second = await dialLenient(narrow.port);
    second.send(CONNECT);
    expect(await second.closed).toMatch(/^HTTP\/1\.1 503 .*upstream busy\n$/s);
    first.send("still here");
    await (await next).until("still here");
    await narrow.close();
  });

  it("tries another endpoint where one cannot be reached", async () => {
    const endpoints = [`127.0.0.1:${await deadPort()}`, `127.0.0.1:${rig.peer.port}`];
    const two = await openBorder(rig.peer.url, { routes: tunnelTo("tcp://db:5432", { endpoints }) });
    for (const _turn of endpoints) {
      const next = rig.peer.next();
      const caller = await dialLenient(two.port);
      caller.send(`${CONNECT}hello`);
      await (await next).until("hello");
      expect(await caller.until("\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
    }
    await two.close();
  });
});
