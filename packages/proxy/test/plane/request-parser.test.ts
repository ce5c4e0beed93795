import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { latin1 } from "./message-texts.ts";
import { anyRequest, parse } from "./request-texts.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n";
const CHUNKED = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

describe("the requests of a caller", () => {
  it("are read as they were written, one behind the other", () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { minLength: 1, maxLength: 4 }), (all) => {
        const told = parse([latin1(all.map(({ text }) => text).join(""))]);
        expect(told).toEqual({ requests: all.map(({ request }) => request), whole: all.length, wrong: undefined });
      }),
    );
  });

  it("are the same however the bytes come in", () => {
    fc.assert(
      fc.property(
        fc.array(anyRequest, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat({ max: 900 }), { maxLength: 8 }),
        (all, cuts) => {
          const bytes = latin1(all.map(({ text }) => text).join(""));
          const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
          const pieces = places.slice(1).map((end, at) => bytes.subarray(places[at], end));
          expect(parse(pieces)).toEqual(parse([bytes]));
          const singly = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
          expect(parse(singly)).toEqual(parse([bytes]));
        },
      ),
    );
  });

  it("that are cut off are never whole", () => {
    fc.assert(
      fc.property(anyRequest, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), ({ text }, share) => {
        expect(parse([latin1(text).subarray(0, Math.floor(share * text.length))]).whole).toBe(0);
      }),
    );
  });

  it.each([
    ["no first line of HTTP/1.1", "\x16\x03\x01\x00"],
    ["no first line of HTTP/1.1", "\r\n\r\n\r\nG"],
    ["a method that is none", "G\u00e4T / HTTP/1.1\r\n\r\n"],
    ["a method in small letters", "get / HTTP/1.1\r\n\r\n"],
    ["a target that is none", "GET  / HTTP/1.1\r\n\r\n"],
    ["a target that is none", "GET /\tx HTTP/1.1\r\n\r\n"],
    ["a target that is none", "GET /\r\n\r\n"],
    ["an HTTP version that is none", "GET / HTTP/1.1 \r\n\r\n"],
    ["an HTTP version that is none", "GET /a b HTTP/1.1\r\n\r\n"],
    ["an HTTP version that is none", "GET / HTTP/1.10\r\n\r\n"],
    ["an HTTP version that is none", "GET / http/1.1\r\n\r\n"],
    ["a line that ends with a line feed alone", "GET / HTTP/1.1\nHost: a\n\n"],
    ["a control character in a field", `${GET}A: 1\rB: 2\r\n\r\n`],
    ["a field name that is none", `${GET}A : 1\r\n\r\n`],
    ["a field name that is none", `${GET} folded\r\n\r\n`],
    ["a chunk size that is no number", `${CHUNKED}5x\r\n`],
    ["a chunk without a size", `${CHUNKED}\r\n`],
    ["a chunk longer than its size", `${CHUNKED}1\r\nab\r\n`],
    ["trailers that say where the body ends", `${CHUNKED}0\r\nContent-Length: 1\r\n\r\n`],
    ["a head that is too large", `${GET}A: ${"a".repeat(1_000)}`],
    ["a head that is too large", `${GET}A: ${"a".repeat(1_000)}\r\n\r\n`],
  ])("are refused for %s: %j", (wrong, text) => {
    expect(parse([latin1(text)]).wrong).toBe(wrong);
    expect(parse(Array.from(text, latin1)).wrong).toBe(wrong);
  });
});
