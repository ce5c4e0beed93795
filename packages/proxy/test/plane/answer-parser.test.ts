import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AnswerParser } from "../../src/plane/answer-parser.ts";
import { anyAnswer, parse } from "./answer-texts.ts";
import { latin1 } from "./message-texts.ts";

const HEAD = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;

const of = (text: string, options: Parameters<typeof parse>[1] = {}) => parse([latin1(text)], options);

describe("the answers of an upstream", () => {
  it("are read as they were written, whatever says where they end", () => {
    fc.assert(
      fc.property(anyAnswer, ({ answer, framing, text }) => {
        const told = of(text, { closed: true });
        expect(told).toMatchObject({ answer, ended: true, wrong: undefined, reusable: framing !== "until close" });
      }),
    );
  });

  it("are the same however the bytes come in", () => {
    fc.assert(
      fc.property(anyAnswer, fc.array(fc.nat({ max: 400 }), { maxLength: 8 }), ({ text }, cuts) => {
        const bytes = latin1(text);
        const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((end, at) => bytes.subarray(places[at], end));
        expect(parse(pieces, { closed: true })).toEqual(of(text, { closed: true }));
        const singly = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
        expect(parse(singly, { closed: true })).toEqual(of(text, { closed: true }));
      }),
    );
  });

  it("that have ended leave nothing of the next, and what comes behind them ends the connection", () => {
    fc.assert(
      fc.property(anyAnswer, fc.uint8Array({ minLength: 1, maxLength: 9 }), ({ answer, framing, text }, behind) => {
        fc.pre(framing !== "until close");
        const together = parse([Buffer.concat([latin1(text), behind])]);
        expect(together).toMatchObject({ answer, ended: true, reusable: false });
        const apart = parse([latin1(text), Buffer.from(behind)]);
        expect(apart).toMatchObject({ answer, ended: true, wrong: "bytes that answer nothing", reusable: false });
      }),
    );
  });

  it.each([
    ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"],
    ["HEAD", CHUNKED],
    ["GET", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"],
    ["GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
  ])("to %s end with their head where there can be no body: %j", (method, text) => {
    expect(of(text, { method })).toMatchObject({ ended: true, wrong: undefined, reusable: true });
  });

  it.each([
    ["no first line of HTTP/1.1", "SSH-2.0-OpenSSH\r\n"],
    ["no status line", "HTTP/2.0 200 OK\r\n\r\n"],
    ["no status line", "HTTP/1.2 200 OK\r\n\r\n"],
    ["a status that is no number", "HTTP/1.1  200 OK\r\n\r\n"],
    ["no status line", "\r\nHTTP/1.1 200 OK\r\n\r\n"],
    ["a status that is no number", "HTTP/1.1 20 OK\r\n\r\n"],
    ["a status that is no number", "HTTP/1.1 2000 OK\r\n\r\n"],
    ["a status that is no number", "HTTP/1.1 099 OK\r\n\r\n"],
    ["a control character in a status line", "HTTP/1.1 200 O\0K\r\n\r\n"],
    ["101 that no one asked for", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"],
    ["a line that ends with a line feed alone", "HTTP/1.1 200 OK\n\n"],
    ["a control character in a field", `${HEAD}A: 1\nB: 2\r\n\r\n`],
    ["a control character in a field", `${HEAD}A: 1\rB: 2\r\n\r\n`],
    ["a control character in a field", `${HEAD}A: \x7f\r\n\r\n`],
    ["a field name that is none", `${HEAD}A : 1\r\n\r\n`],
    ["a field name that is none", `${HEAD}: 1\r\n\r\n`],
    ["a field name that is none", `${HEAD}A\r\n\r\n`],
    ["a field name that is none", `${HEAD}A: 1\r\n folded\r\n\r\n`],
    ["a field name that is none", `${HEAD}\u00e4: 1\r\n\r\n`],
    ["two Content-Length fields", `${HEAD}Content-Length: 1\r\ncontent-length: 1\r\n\r\n`],
    ["a Content-Length that is no number", `${HEAD}Content-Length: 1, 1\r\n\r\n`],
    ["a Content-Length that is no number", `${HEAD}Content-Length: +1\r\n\r\n`],
    ["a Content-Length that is no number", `${HEAD}Content-Length:\r\n\r\n`],
    ["Content-Length and Transfer-Encoding", `${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ["two Transfer-Encoding fields", `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ["a Transfer-Encoding other than chunked", `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n`],
    ["a Transfer-Encoding other than chunked", `${HEAD}Transfer-Encoding:\r\n\r\n`],
    ["Transfer-Encoding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["a chunk without a size", `${CHUNKED}\r\n`],
    ["a chunk without a size", `${CHUNKED}-1\r\n`],
    ["a chunk size that is no number", `${CHUNKED}0x5\r\n`],
    ["a chunk size that is no number", `${CHUNKED}5 \r\n`],
    ["a chunk size that is no number", `${CHUNKED}5\n`],
    ["a chunk size that is no number", `${CHUNKED}00000000000005\r\n`],
    ["a chunk size without its line end", `${CHUNKED}5\r5`],
    ["a chunk extension that is none", `${CHUNKED}5;a\nb\r\n`],
    ["a chunk longer than its size", `${CHUNKED}2\r\nabc`],
    ["a chunk longer than its size", `${CHUNKED}2\r\nab\ra`],
    ["a field name that is none", `${CHUNKED}0\r\nA : 1\r\n\r\n`],
    ["a line that ends with a line feed alone", `${CHUNKED}0\r\nA: 1\nB`],
    ["a head that is too large", `${HEAD}A: ${"x".repeat(1_000)}\r\n\r\n`],
    ["a head that is too large", `${HEAD}A: ${"x".repeat(1_000)}`],
    ["a head that is too large", `${CHUNKED}0\r\nA: ${"x".repeat(1_000)}`],
    ["a chunk extension that is none", `${CHUNKED}5;a="\r\n`],
    ["a chunk extension that is none", `${CHUNKED}5; \r\n`],
    ["trailers that say where the body ends", `${CHUNKED}0\r\nContent-Length: 5\r\n\r\n`],
    ["trailers that say where the body ends", `${CHUNKED}0\r\ntransfer-encoding: x\r\n\r\n`],
    ["chunk extensions that are too large", `${CHUNKED}5;${"x".repeat(1_001)}`],
  ])("are refused for %s: %j", (wrong, text) => {
    expect(of(text).wrong).toBe(wrong);
    // In pieces a bare line feed is seen before the section has ended.
    expect(parse(Array.from(latin1(text), (byte) => Buffer.from([byte]))).wrong).toBeDefined();
    expect(of(text).reusable).toBe(false);
  });

  it.each([
    ["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false],
    ["HTTP/1.1 200 OK\r\nConnection: keep-alive, Close\r\nContent-Length: 0\r\n\r\n", false],
    ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false],
    ["HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", true],
    ["HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", true],
  ])("leave a connection for the next where they allow it: %j", (text, reusable) => {
    expect(of(text)).toMatchObject({ wrong: undefined, reusable });
  });

  it("that break off have not ended", () => {
    for (const text of [HEAD, `${HEAD}Content-Length: 2\r\n\r\nx`, `${CHUNKED}2\r\nab\r\n0\r\n`])
      expect(of(text, { closed: true })).toMatchObject({ ended: false, wrong: undefined });
  });

  it("tell early hints apart, and nothing of 100 Continue", () => {
    const early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    expect(of(`${early}${HEAD}Content-Length: 0\r\n\r\n`)).toMatchObject({ informed: [103], ended: true });
  });

  it("are followed by a tunnel where the caller asked for one", () => {
    const told: string[] = [];
    const parser = new AnswerParser(
      {
        informed: () => undefined,
        head: (status) => void told.push(String(status)),
        body: (chunk) => void told.push(Buffer.from(chunk).toString()),
        ended: () => void told.push("end"),
      },
      1_000,
    );
    parser.expect("GET", true);
    parser.feed(latin1("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nfirst"));
    parser.feed(latin1("HTTP/1.1 400 is no answer here\r\n\r\n"));
    expect(parser.end()).toBe(true);
    expect(told).toEqual(["101", "first", "HTTP/1.1 400 is no answer here\r\n\r\n", "end"]);
    expect(parser.reusable).toBe(false);
  });
});
