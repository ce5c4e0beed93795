import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LenientPeer } from "../../../test/support/lenient-peer.ts";
import { dialLenient, startLenientPeer } from "../../../test/support/lenient-peer.ts";
import type { TestBorder } from "./border.ts";
import { openBorder, passOn } from "./border.ts";

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

let peer: LenientPeer;
let border: TestBorder;
beforeEach(async () => {
  peer = await startLenientPeer();
  border = await openBorder({ url: peer.url });
});
afterEach(async () => {
  await border.close();
  await peer.close();
});

it.each([
  ["traceresponse", TRACEPARENT],
  ["Server-Timing", `db;dur=3, traceparent;desc="${TRACEPARENT}"`],
])("a crossing tells which context the answer named, by %s, and that goes on to the caller", async (name, value) => {
  const crossing = border.crossing();
  const { caller, service } = await passOn(border, peer, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  service.send(`HTTP/1.1 200 OK\r\n${name}: ${value}\r\nContent-Length: 0\r\n\r\n`);
  expect(await caller.until("\r\n\r\n")).toContain(`${name}: ${value}\r\n`);
  expect((await crossing).answer).toEqual({ traceId: TRACEPARENT.slice(3, 35), spanId: "00f067aa0ba902b7", flags: 1 });
  caller.socket.destroy();
});

describe("bytes through a border", () => {
  it("keep the case and order of fields, both ways", async () => {
    const { caller, service, arrived } = await passOn(
      border,
      peer,
      `GET /a?b HTTP/1.1\r\nX-One: 1\r\nHost: A.example\r\nx-TWO: 2\r\nTraceParent: ${TRACEPARENT}\r\nX-One: 3\r\n\r\n`,
    );
    expect(arrived).toMatch(/^GET \/a\?b HTTP\/1\.1\r\n/);
    const fields = arrived.split("\r\n").filter((line) => /^(x-|traceparent)/i.test(line));
    expect(fields).toEqual(["X-One: 1", "x-TWO: 2", `TraceParent: ${TRACEPARENT}`, "X-One: 3"]);
    expect(arrived).toMatch(/^host: A\.example\r$/im);
    service.send(
      "HTTP/1.1 299 Quite Fine\r\nX-B: 1\r\nSet-Cookie: a\r\nx-b: 2\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    );
    const answer = await caller.until("\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 299 Quite Fine\r\nX-B: 1\r\nSet-Cookie: a\r\nx-b: 2\r\nSet-Cookie: b\r\n/);
    caller.socket.destroy();
  });

  it("keep the case and order of a request with a body, Host in its place", async () => {
    const head = "POST / HTTP/1.1\r\nX-One: 1\r\nHOST: a\r\nContent-LENGTH: 2\r\nx-two: 2\r\n";
    const { caller, service, arrived } = await passOn(border, peer, `${head}\r\nhi`, "hi");
    expect(arrived.startsWith(head)).toBe(true);
    service.send("HTTP/1.1 204 No Content\r\n\r\n");
    await caller.until("204 No Content");
    caller.socket.destroy();
  });

  it("carry a trace on though Connection nominates it, and leave behind what else it names", async () => {
    const { caller, arrived } = await passOn(
      border,
      peer,
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: close, traceparent, x-secret\r\ntraceparent: ${TRACEPARENT}\r\nX-Secret: 1\r\n\r\n`,
    );
    expect(arrived).toContain(`traceparent: ${TRACEPARENT}`);
    expect(arrived).not.toMatch(/x-secret/i);
    caller.socket.destroy();
  });

  it("see every line of a head, however many, in requests and answers", async () => {
    const filler = Array.from({ length: 2_500 }, (_, at) => `x${at}: 1\r\n`).join("");
    const { caller, service, arrived } = await passOn(
      border,
      peer,
      `GET / HTTP/1.1\r\nHost: a\r\n${filler}traceparent: ${TRACEPARENT}\r\n\r\n`,
    );
    expect(arrived).toContain(`traceparent: ${TRACEPARENT}`);
    service.send(`HTTP/1.1 200 OK\r\n${filler}x-last: 1\r\nContent-Length: 0\r\n\r\n`);
    expect(await caller.until("\r\n\r\n")).toContain("x-last: 1");
    caller.socket.destroy();
  });

  it("refuse a head beyond the limit with 431, in no case cut it", async () => {
    const before = peer.connections.length;
    const caller = await dialLenient(border.port);
    caller.send(`GET / HTTP/1.1\r\nHost: a\r\nx: ${"y".repeat(70_000)}\r\n\r\n`);
    expect(await caller.closed).toMatch(/^HTTP\/1\.1 431 .*request header fields too large\n$/s);
    expect(peer.connections).toHaveLength(before);
  });

  it("send an authority of the target's own in place of Host", async () => {
    const { caller, arrived } = await passOn(border, peer, "GET http://b.example/x HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(arrived).toMatch(/^GET \/x HTTP\/1\.1\r\nhost: b\.example\r\n/i);
    expect(arrived.match(/host:/gi)).toHaveLength(1);
    caller.socket.destroy();
  });

  it("carry OPTIONS *", async () => {
    const { caller, arrived } = await passOn(border, peer, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(arrived).toMatch(/^OPTIONS \* HTTP\/1\.1\r\n/);
    caller.socket.destroy();
  });

  it("answer an HTTP/1.0 caller without chunks and without informational heads", async () => {
    const { caller, service } = await passOn(border, peer, "GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    service.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    service.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    const answer = await caller.closed;
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok$/s);
    expect(answer).not.toMatch(/transfer-encoding|103/i);
    expect(border.crossings.at(-1)?.protocol).toBe("http/1.0");
  });

  it("cannot be taken for whole where an HTTP/1.0 body that ends with its connection was broken off", async () => {
    const { caller, service } = await passOn(border, peer, "GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    const failed = new Promise<string>((resolve) => {
      caller.socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    });
    service.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    await caller.until("half");
    service.socket.destroy();
    expect(await failed).toBe("ECONNRESET");
  });
});

describe("a request that two readers could read differently", () => {
  it.each([
    ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "two Host fields"],
    ["no Host", "GET / HTTP/1.1\r\nX: 1\r\n\r\n", "no Host field"],
    ["user information", "GET / HTTP/1.1\r\nHost: good@evil\r\n\r\n", "an authority that is none"],
    ["an HTTP/2.0 request line", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "an HTTP version we do not speak"],
    ["an empty Transfer-Encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", ""],
    ["a coding before chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", ""],
    [
      "both lengths",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "",
    ],
    ["two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", ""],
    ["chunks in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""],
    ["a blank before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", ""],
    ["a folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", ""],
    ["a bare line feed", "GET / HTTP/1.1\nHost: a\n\n", ""],
    ["a fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", "a fragment in the target"],
  ])("with %s is refused, and its connection ends", async (_what, request, text) => {
    const before = peer.connections.length;
    const caller = await dialLenient(border.port);
    caller.send(`${request}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
    const answer = await caller.closed;
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain(text);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(peer.connections).toHaveLength(before);
  });

  it("is recorded with what it brought, though it never crossed", async () => {
    const crossed = border.crossing();
    const caller = await dialLenient(border.port);
    caller.send(`GET /x?y HTTP/1.1\r\nHost: a\r\nHost: b\r\ntraceparent: ${TRACEPARENT}\r\n\r\n`);
    expect(await crossed).toMatchObject({
      path: "/x",
      status: 400,
      reading: { kind: "valid" },
      spans: undefined,
      upstream: undefined,
      failure: { kind: "bad-request", side: "downstream" },
    });
    await caller.closed;
  });
});

describe("the query of a request", () => {
  it.each([
    [undefined, undefined],
    [["page"], "page=2&token=REDACTED"],
  ])("goes on whole and is told only as far as it may be shown: %j", async (query, told) => {
    const shown = await openBorder({ url: peer.url }, query === undefined ? {} : { query });
    const crossed = shown.crossing();
    const request = "GET /list?page=2&token=s3cret HTTP/1.1\r\nHost: a\r\n\r\n";
    const { caller, service, arrived } = await passOn(shown, peer, request);
    expect(arrived).toContain("GET /list?page=2&token=s3cret HTTP/1.1\r\n");
    service.send("HTTP/1.1 204 No Content\r\n\r\n");
    await caller.until("204 No Content");
    const { path, query: seen } = await crossed;
    expect([path, seen]).toEqual(["/list", told]);
    caller.socket.destroy();
    await shown.close();
  });
});

describe("what is not offered", () => {
  it("is CONNECT to whom nobody allowed", async () => {
    const caller = await dialLenient(border.port);
    caller.send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
    expect(await caller.closed).toMatch(/^HTTP\/1\.1 403 /);
  });

  it("is leaving HTTP/1.1 for h2c, which would pass by every check", async () => {
    const { caller, arrived } = await passOn(
      border,
      peer,
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
    );
    expect(arrived).not.toMatch(/upgrade|http2-settings/i);
    caller.socket.destroy();
  });

  it("is a route nobody configured", async () => {
    const routed = await openBorder(
      { url: peer.url },
      { routes: [{ match: { authority: "a.example" }, upstream: { name: "svc", url: peer.url } }] },
    );
    const caller = await dialLenient(routed.port);
    caller.send("GET / HTTP/1.1\r\nHost: b.example\r\nConnection: close\r\n\r\n");
    expect(await caller.closed).toMatch(/^HTTP\/1\.1 404 .*no route\n$/s);
    expect(routed.crossings[0]).toMatchObject({ failure: { kind: "no-route", side: "internal" }, upstream: undefined });
    await routed.close();
  });
});

describe("an observer or a span source that throws", () => {
  it("does not reach the exchange", async () => {
    const fail = (): never => {
      throw new Error("observer");
    };
    const troubled = await openBorder({ url: peer.url }, { observer: { crossed: fail }, spans: { grant: fail } });
    const { caller, service } = await passOn(troubled, peer, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    service.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    expect(await caller.closed).toMatch(/ok$/);
    await troubled.close();
  });
});

describe("a span source", () => {
  it("is asked only where its spans would be used, and told the end of each it gave", async () => {
    const told: string[] = [];
    const spans = { traceId: "1".repeat(32), serverSpanId: "2".repeat(16), clientSpanId: "3".repeat(16) };
    const granting = await openBorder(
      { url: peer.url },
      {
        spans: {
          grant() {
            told.push("grant");
            return {
              spans,
              finish: ({ failure }) => void told.push(`finish ${failure?.kind}`),
              release: () => void told.push("release"),
            };
          },
        },
      },
    );
    const request = (flags: string): string =>
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\ntraceparent: ${TRACEPARENT.slice(0, -2)}${flags}\r\n\r\n`;
    const unsampled = await passOn(granting, peer, request("00"));
    expect(unsampled.arrived).toContain(`${TRACEPARENT.slice(0, -2)}00`);
    unsampled.service.socket.destroy();
    await unsampled.caller.closed;
    expect(told).toEqual([]);
    const sampled = await passOn(granting, peer, request("01"));
    expect(sampled.arrived).toContain(spans.clientSpanId);
    sampled.service.socket.destroy();
    await sampled.caller.closed;
    expect(told).toEqual(["grant", "finish lost"]);
    const doubted = await dialLenient(granting.port);
    doubted.send(request("01").replace("Host: a", "Host: a\r\nHost: b"));
    await doubted.closed;
    expect(told).toHaveLength(2);
    await granting.close();
  });
});

describe("closing", () => {
  it("ends at the deadline what does not end by itself", async () => {
    const short = await openBorder({ url: peer.url });
    const { caller } = await passOn(short, peer, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const idle = await dialLenient(short.port);
    const deadline = new AbortController();
    const closed = short.close(deadline.signal);
    await idle.closed;
    deadline.abort();
    await closed;
    await caller.closed;
    expect(short.crossings).toHaveLength(1);
    expect(short.crossings[0]?.failure?.kind).toBe("closing");
  });

  it("rejects where it cannot listen", async () => {
    await expect(openBorder({ url: peer.url }, { listen: { port: border.port } })).rejects.toThrow("EADDRINUSE");
  });
});
