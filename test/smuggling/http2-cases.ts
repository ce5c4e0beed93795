/** Requests over HTTP/2 that would be two, or others, once they are written down as HTTP/1.1. */
import type { Field } from "../support/http2-frames.ts";
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  data,
  fieldBlock,
  frame,
  headers,
  indexedField,
  reset,
  settings,
} from "../support/http2-frames.ts";
import { SMUGGLED } from "./http1-case.ts";

export type Http2Outcome =
  /** The stream is reset, or the connection ended, before anything reaches the service. */
  | { readonly kind: "broken" }
  /** Answered with this status; nothing reaches the service. */
  | { readonly kind: "refused"; readonly status: number }
  /** The service reads the head and never a whole request; then its connection ends. */
  | { readonly kind: "torn" }
  /** The service reads this: request line, fields by name, an empty line where a body follows. */
  | { readonly kind: "arrives"; readonly request: readonly string[] };

export interface Http2Case {
  readonly name: string;
  /** What follows the opening of the connection; the request is on stream 1. */
  readonly frames: string;
  readonly outcome: Http2Outcome;
}

const M: Field = [":method", "GET"];
const S: Field = [":scheme", "http"];
const A: Field = [":authority", "a"];
const P: Field = [":path", "/"];
const CRLF = "\r\n";

const get = (...fields: readonly Field[]): string => headers(1, [M, S, A, P, ...fields]);
const to = (path: string): string => headers(1, [M, S, A, [":path", path]]);
const at = (authority: string): string => headers(1, [M, S, [":authority", authority], P]);
const by = (method: string): string => headers(1, [[":method", method], S, A, P]);

const connect = (fields: readonly Field[], flags: number = END_HEADERS): string =>
  headers(1, [[":method", "CONNECT"], [":protocol", "websocket"], S, A, P, ...fields], flags);

const tunnel = (authority: string, fields: readonly Field[] = [], flags: number = END_HEADERS): string =>
  headers(1, [[":method", "CONNECT"], [":authority", authority], ...fields], flags);

const post = (body: string, fields: readonly Field[] = [], flags?: number): string =>
  headers(1, [[":method", "POST"], S, A, P, ...fields], END_HEADERS) + data(1, body, flags);

const rows = (outcome: Http2Outcome, frames: Readonly<Record<string, string>>): readonly Http2Case[] =>
  Object.entries(frames).map(([name, text]) => ({ name, frames: text, outcome }));

const arrives = (table: Readonly<Record<string, readonly [frames: string, request: readonly string[]]>>) =>
  Object.entries(table).map(([name, [frames, request]]): Http2Case => ({
    name,
    frames,
    outcome: { kind: "arrives", request },
  }));

export const HTTP2_CASES: readonly Http2Case[] = [
  ...rows(
    { kind: "broken" },
    {
      "two :method": get([":method", "POST"]),
      "two :path": headers(1, [M, S, A, P, [":path", "/smuggled"]]),
      "two :authority": headers(1, [M, S, A, [":authority", "b"], P]),
      "two :scheme": headers(1, [M, S, S, A, P]),
      "no :method": headers(1, [S, A, P]),
      "no :scheme": headers(1, [M, A, P]),
      "no :path": headers(1, [M, S, A]),
      "an empty :path": to(""),
      "an empty :method": by(""),
      "a pseudo-field nobody knows": get([":x", "1"]),
      "a pseudo-field of answers": get([":status", "200"]),
      "a pseudo-field behind a field": headers(1, [M, S, ["x", "1"], A, P]),
      "an upper-case name": get(["X", "1"]),
      "an upper-case coding": get(["Transfer-Encoding", "chunked"]),
      "transfer-encoding": get(["transfer-encoding", "chunked"]),
      "transfer-encoding with a body": post(`0\r\n\r\n${SMUGGLED}`, [["transfer-encoding", "chunked"]]),
      connection: get(["connection", "x"]),
      "keep-alive": get(["keep-alive", "1"]),
      "proxy-connection": get(["proxy-connection", "close"]),
      upgrade: get(["upgrade", "websocket"]),
      "te other than trailers": get(["te", "gzip"]),
      "a line end in :path": to(`/ HTTP/1.1${CRLF}Host: a${CRLF}${CRLF}GET /smuggled`),
      "a blank in :path": to("/a b"),
      "a NUL in :path": to("/\0"),
      "a :path that is no path": to("a"),
      "a :path that is a URL": to("http://b/"),
      "GET *": to("*"),
      "a line end in :method": by(`GET / HTTP/1.1${CRLF}X: 1`),
      "a blank in :method": by("GET /smuggled HTTP/1.1"),
      "a line end in :authority": at(`a${CRLF}X: 1`),
      "a NUL in :authority": at("a\0"),
      "a line end in :scheme": headers(1, [M, [":scheme", `http${CRLF}X: 1`], A, P]),
      "a URL in :scheme": headers(1, [M, [":scheme", "http://b/?"], A, P]),
      "a body shorter than content-length": post("hi", [["content-length", "5"]]),
      "no body though content-length says so": get(["content-length", "5"]),
      "two lengths": post("hi", [
        ["content-length", "2"],
        ["content-length", "0"],
      ]),
      "a list of lengths": post("hi", [["content-length", "2, 2"]]),
      "a length that is no number": post("hi", [["content-length", "x"]]),
      "a negative length": post("hi", [["content-length", "-2"]]),
      "an empty length": post("hi", [["content-length", ""]]),
      "a length with a plus": post("hi", [["content-length", "+2"]]),
      "a length beyond 64 bits": post("hi", [["content-length", "18446744073709551618"]]),
      "CONNECT with a path": headers(1, [[":method", "CONNECT"], S, A, P]),
      "two hosts": headers(1, [M, S, P, ["host", "a"], ["host", "a"]]),
      "an authority with user information": at("good@evil"),
      "an authority with a path": at("a/b"),
      "an authority with a blank": headers(1, [M, S, P, ["host", "a b"]]),
      "a request on an even stream": headers(2, [M, S, A, P]),
      "a request on stream 0": headers(0, [M, S, A, P]),
      "a body without a request": data(1, "hi"),
      "a promise, which no caller may make": frame(FRAME.push, END_HEADERS, 1, `\0\0\0\x02${fieldBlock([M, S, A, P])}`),
      "a field block that does not decode": frame(
        FRAME.headers,
        END_HEADERS | END_STREAM,
        1,
        "\xff\xff\xff\xff\xff\x0f",
      ),
      "a reference to a field that is not there": frame(FRAME.headers, END_HEADERS | END_STREAM, 1, "\xfe"),
      "padding longer than its frame": frame(FRAME.headers, END_HEADERS | END_STREAM | 0x8, 1, "\xff\x82"),
      "another frame inside a field block":
        frame(FRAME.headers, END_STREAM, 1, fieldBlock([M, S])) + settings() + data(1, ""),
      "a frame beyond the greatest size": frame(FRAME.data, 0, 1, "x".repeat(16_385)),
      "a stream that depends on itself, then a frame of HTTP/1.1": "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "a self-made SETTINGS of odd size": frame(FRAME.settings, 0, 0, "\0\x01\0"),
    },
  ),
  ...rows(
    { kind: "refused", status: 400 },
    {
      "a host that contradicts :authority": get(["host", "b"]),
      "an authority that is a list": at("a,b"),
      "an authority with two ports": at("a:1:2"),
      "a fragment in :path": to("/#x"),
    },
  ),
  ...rows({ kind: "refused", status: 400 }, { "a WebSocket with a Host of its own": connect([["host", "b"]]) }),
  ...rows(
    { kind: "refused", status: 403 },
    {
      "CONNECT to whom nobody allowed": tunnel("a:443") + data(1, "GET /smuggled HTTP/1.1\r\n\r\n", 0),
      "CONNECT that says it is gRPC": tunnel("a:443", [["content-type", "application/grpc"]]),
      "CONNECT that has ended": tunnel("a:443", [], END_HEADERS | END_STREAM),
    },
  ),
  ...rows(
    { kind: "refused", status: 400 },
    {
      "CONNECT without a port": tunnel("a"),
      "CONNECT to port 0": tunnel("a:0"),
      "CONNECT to a list": tunnel("a:443,b:443"),
      "CONNECT with a host of its own": tunnel("a:443", [["host", "b:443"]]),
      "CONNECT with a length": tunnel("a:443", [["content-length", "5"]]) + data(1, "GET /", 0),
    },
  ),
  ...rows(
    { kind: "refused", status: 501 },
    {
      "a WebSocket that has ended before it begins": connect([], END_HEADERS | END_STREAM),
      "a WebSocket with a length": connect([["content-length", "5"]]) + data(1, "GET /", 0),
      "extended CONNECT for another protocol": headers(
        1,
        [[":method", "CONNECT"], [":protocol", "connect-ip"], S, A, P],
        END_HEADERS,
      ),
    },
  ),
  ...rows(
    { kind: "torn" },
    {
      "a body longer than content-length": post("hello", [["content-length", "2"]]),
      "a body that ends early": post("hi", [["content-length", "5"]], 0) + data(1, ""),
      "a body that is reset": post("hi", [["content-length", "5"]], 0) + reset(1, 8),
      "a body without a length that is reset": post("hi", [], 0) + reset(1, 8),
      "a body whose trailers are pseudo-fields": post("hi", [], 0) + headers(1, [[":path", "/smuggled"]]),
      "a body whose trailers do not end it": post("hi", [], 0) + headers(1, [["x", "1"]], END_HEADERS),
      "a body whose trailers say another length": post("hi", [], 0) + headers(1, [["content-length", "9"]]),
      "a body whose trailers frame it": post("hi", [], 0) + headers(1, [["transfer-encoding", "chunked"]]),
    },
  ),
  ...arrives({
    "a request": [get(), ["GET / HTTP/1.1", "host: a"]],
    "a host in place of :authority": [headers(1, [M, S, P, ["host", "a"]]), ["GET / HTTP/1.1", "host: a"]],
    "a scheme that is not ours": [headers(1, [M, [":scheme", "https"], A, P]), ["GET / HTTP/1.1", "host: a"]],
    "a body with its length": [
      post("hello", [["content-length", "5"]]),
      ["POST / HTTP/1.1", "content-length: 5", "host: a", "", "hello"],
    ],
    "a body without a byte": [post(""), ["POST / HTTP/1.1", "host: a", "transfer-encoding: chunked"]],
    "a body without a length, which gets chunks": [
      post(SMUGGLED),
      ["POST / HTTP/1.1", "host: a", "transfer-encoding: chunked", "", SMUGGLED],
    ],
    "trailers that route or prove who calls, which stay behind": [
      post("hello", [], 0) +
        headers(1, [
          ["host", "b"],
          ["authorization", "x"],
        ]),
      ["POST / HTTP/1.1", "host: a", "transfer-encoding: chunked", "", "hello"],
    ],
    "crumbs of a cookie": [
      get(["cookie", "a=1"], ["cookie", "b=2"]),
      ["GET / HTTP/1.1", "cookie: a=1; b=2", "host: a"],
    ],
    "te: trailers, which HTTP/1.1 would have to nominate": [get(["te", "trailers"]), ["GET / HTTP/1.1", "host: a"]],
    "fields that HTTP/2 gives no meaning": [
      get(["http2-settings", "AA"], ["expect", "100-continue"]),
      ["GET / HTTP/1.1", "host: a"],
    ],
    "bytes beyond ASCII": [
      headers(1, [M, S, A, [":path", "/\xc3\xa9"], ["x", "\xe9"]]),
      ["GET /\xc3\xa9 HTTP/1.1", "host: a", "x: \xe9"],
    ],
    "OPTIONS *": [headers(1, [[":method", "OPTIONS"], S, A, [":path", "*"]]), ["OPTIONS * HTTP/1.1", "host: a"]],
    "a field block in pieces": [
      frame(FRAME.headers, END_STREAM, 1, fieldBlock([M, S]).slice(0, 5)) +
        frame(FRAME.continuation, 0, 1, fieldBlock([M, S]).slice(5)) +
        frame(FRAME.continuation, END_HEADERS, 1, fieldBlock([A, P])),
      ["GET / HTTP/1.1", "host: a"],
    ],
    "an indexed field": [
      frame(FRAME.headers, END_HEADERS | END_STREAM, 1, fieldBlock([M, S, A, P]) + indexedField(["x", "1"]) + "\xbe"),
      ["GET / HTTP/1.1", "host: a", "x: 1", "x: 1"],
    ],
    padding: [
      frame(FRAME.headers, END_HEADERS | END_STREAM | 0x8, 1, `\x05${fieldBlock([M, S, A, P])}${"\0".repeat(5)}`),
      ["GET / HTTP/1.1", "host: a"],
    ],
    // nghttp2 leaves these fields out and tells no one: what is missing cannot do harm, but is not noticed either.
    "a line end in a value, whose field stays behind": [
      get(["x", `1${CRLF}Transfer-Encoding: chunked`]),
      ["GET / HTTP/1.1", "host: a"],
    ],
    "a whole request in a value, whose field stays behind": [
      get(["x", `1${CRLF}${CRLF}${SMUGGLED}`]),
      ["GET / HTTP/1.1", "host: a"],
    ],
    "a bare CR in a value, whose field stays behind": [get(["x", "1\r2"]), ["GET / HTTP/1.1", "host: a"]],
    "a bare LF in a value, whose field stays behind": [get(["x", "1\n2"]), ["GET / HTTP/1.1", "host: a"]],
    "a NUL in a value, whose field stays behind": [get(["x", "1\x002"]), ["GET / HTTP/1.1", "host: a"]],
    "a line end in a name, which stays behind": [get([`x: 1${CRLF}y`, "1"]), ["GET / HTTP/1.1", "host: a"]],
    "a colon in a name, which stays behind": [get(["transfer-encoding: chunked", "1"]), ["GET / HTTP/1.1", "host: a"]],
    "a blank in a name, which stays behind": [get(["transfer-encoding ", "chunked"]), ["GET / HTTP/1.1", "host: a"]],
    "an empty name, which stays behind": [get(["", "1"]), ["GET / HTTP/1.1", "host: a"]],
  }),
];
