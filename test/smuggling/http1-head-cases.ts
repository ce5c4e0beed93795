/** Lines, names, values and versions that two readers could read differently. */
import { SMUGGLED, arrives, arrivesLast, get, refused } from "./http1-case.ts";
import type { Http1Case } from "./http1-case.ts";

/** What a client sends that would rather speak HTTP/2, with every request. */
const H2C = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n";

export const HEAD_CASES: readonly Http1Case[] = [
  ...refused(400, {
    "bare LF everywhere": "GET / HTTP/1.1\nHost: a\n\n",
    "a bare LF after the request line": "GET / HTTP/1.1\nHost: a\r\n\r\n",
    "a bare LF after a field": "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n",
    "a bare LF before the empty line": "GET / HTTP/1.1\r\nHost: a\n\r\n",
    "a bare LF for the empty line": "GET / HTTP/1.1\r\nHost: a\r\n\n",
    "a bare CR after a field": "GET / HTTP/1.1\r\nHost: a\rX: 1\r\n\r\n",
    "a bare CR in a value": get("X: 1\r2\r\n"),
    "CR CR LF": "GET / HTTP/1.1\r\nHost: a\r\r\n\r\r\n",
    "a NUL in a value": get("X: 1\x002\r\n"),
    "a NUL in a name": get("X\0: 1\r\n"),
    "a control character in a value": get("X: 1\x01\r\n"),
    "a DEL in a value": get("X: 1\x7f\r\n"),
    "a folded line": get("X: 1\r\n 2\r\n"),
    "a line folded with a tab": get("X: 1\r\n\t2\r\n"),
    "a blank before the first field": "GET / HTTP/1.1\r\n Host: a\r\nX: 1\r\n\r\n",
    "a blank before the colon": get("X : 1\r\n"),
    "a tab before the colon": get("X\t: 1\r\n"),
    "a blank in a name": get("X Y: 1\r\n"),
    "a name in brackets": get("[X]: 1\r\n"),
    "a name in quotes": get('"X": 1\r\n'),
    "a name beyond ASCII": get("X\xe9: 1\r\n"),
    "an empty name": get(": 1\r\n"),
    "a line without a colon": get("X\r\n"),
    "HTTP/0.9": "GET /\r\n",
    "HTTP/0.9 by number": "GET / HTTP/0.9\r\nHost: a\r\n\r\n",
    "HTTP/2.0": "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "HTTP/2": "GET / HTTP/2\r\nHost: a\r\n\r\n",
    "HTTP/1.2": "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    "HTTP/1.10": "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
    "HTTP/01.1": "GET / HTTP/01.1\r\nHost: a\r\n\r\n",
    "HTTP/1.": "GET / HTTP/1.\r\nHost: a\r\n\r\n",
    "http in small letters": "GET / http/1.1\r\nHost: a\r\n\r\n",
    "another protocol": "GET / HTTQ/1.1\r\nHost: a\r\n\r\n",
    "a method in small letters": "get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "two blanks after the method": "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a protocol of cameras": "GET / RTSP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    "a method with a colon": "GET: / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tab after the method": "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "a blank before the method": " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a blank after the version": "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
    "a tab before the version": "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n",
    "a blank in the target": `GET /a b HTTP/1.1\r\nHost: a\r\n\r\n`,
    "a request in the target": "GET /x HTTP/1.1 GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "no target": "GET HTTP/1.1\r\nHost: a\r\n\r\n",
    "an answer": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a TLS hello on a plain port": "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
  }),
  ...arrives({
    "empty lines before a request": [`\r\n\r\n${get("")}`, ["GET / HTTP/1.1", "host: a"]],
    "blanks around a value": [get("X: \t1 2\t \r\n"), ["GET / HTTP/1.1", "host: a", "x: 1 2"]],
    "an empty value": [get("X:\r\n"), ["GET / HTTP/1.1", "host: a", "x: "]],
    "bytes beyond ASCII in a value": [get("X: \xe9\xff\r\n"), ["GET / HTTP/1.1", "host: a", "x: \xe9\xff"]],
    "a name of every letter there is": [
      get("!#$%&'*+-.^_`|~0aZ: 1\r\n"),
      ["GET / HTTP/1.1", "!#$%&'*+-.^_`|~0az: 1", "host: a"],
    ],
    "names that look like framing": [
      get("Content_Length: 5\r\nContent-Lengt: 5\r\nX-Transfer-Encoding: chunked\r\n"),
      ["GET / HTTP/1.1", "content-lengt: 5", "content_length: 5", "host: a", "x-transfer-encoding: chunked"],
    ],
    "framing that Connection nominates": [
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length, host, x\r\nX: 1\r\nContent-Length: 2\r\n\r\nhi",
      ["POST / HTTP/1.1", "content-length: 2", "host: a", "", "hi"],
    ],
    "HTTP/1.0 with a Host": [
      "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
      ["GET / HTTP/1.1", "host: a"],
    ],
    "two requests at once": [
      get("", "/one") + get("", "/two"),
      ["GET /one HTTP/1.1", "host: a"],
      ["GET /two HTTP/1.1", "host: a"],
    ],
    "a body, then a request at once": [
      `POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nGET${get("", "/two")}`,
      ["POST /one HTTP/1.1", "content-length: 3", "host: a", "", "GET"],
      ["GET /two HTTP/1.1", "host: a"],
    ],
    "a HEAD, then a request at once": [
      `HEAD /one HTTP/1.1\r\nHost: a\r\n\r\n${get("", "/two")}`,
      ["HEAD /one HTTP/1.1", "host: a"],
      ["GET /two HTTP/1.1", "host: a"],
    ],
    "an upgrade that is not offered": [get(H2C), ["GET / HTTP/1.1", "host: a"]],
    "an upgrade to one of several": [
      get("Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n"),
      ["GET / HTTP/1.1", "host: a"],
    ],
    "an upgrade that is not offered, again and again among others": [
      get("", "/one") + get(H2C, "/two") + get(H2C, "/three") + get("", "/four") + get(H2C, "/five"),
      ["GET /one HTTP/1.1", "host: a"],
      ["GET /two HTTP/1.1", "host: a"],
      ["GET /three HTTP/1.1", "host: a"],
      ["GET /four HTTP/1.1", "host: a"],
      ["GET /five HTTP/1.1", "host: a"],
    ],
    "an upgrade that is not offered, then one with a body": [
      `${get(H2C, "/one")}POST /two HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi`,
      ["GET /one HTTP/1.1", "host: a"],
      ["POST /two HTTP/1.1", "content-length: 2", "host: a", "", "hi"],
    ],
    "a method nobody knows": ["GETT / HTTP/1.1\r\nHost: a\r\n\r\n", ["GETT / HTTP/1.1", "host: a"]],
    "WebSocket by another method": [
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi",
      ["POST / HTTP/1.1", "content-length: 2", "host: a", "", "hi"],
    ],
    "WebSocket with a body": [
      get(`Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: ${SMUGGLED.length}\r\n`) + SMUGGLED,
      ["GET / HTTP/1.1", `content-length: ${SMUGGLED.length}`, "host: a", "", SMUGGLED],
    ],
    "WebSocket with chunks": [
      get("Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n") + "2\r\nhi\r\n0\r\n\r\n",
      ["GET / HTTP/1.1", "host: a", "transfer-encoding: chunked", "", "hi"],
    ],
  }),
  ...arrivesLast({
    "a request behind one that ends its connection": [
      get("Connection: close\r\n") + SMUGGLED,
      ["GET / HTTP/1.1", "host: a"],
    ],
    "a request behind one that ends it in the second of two lines": [
      get("Connection: x-own\r\nconnection: keep-alive, Close\r\n") + SMUGGLED,
      ["GET / HTTP/1.1", "host: a"],
    ],
    "a request behind an offer of WebSocket that is declined": [
      get("Connection: Upgrade\r\nUpgrade: websocket\r\n") + SMUGGLED,
      ["GET / HTTP/1.1", "host: a", "upgrade: websocket"],
    ],
  }),
  ...refused(400, {
    "WebSocket with both lengths":
      get("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n") +
      "0\r\n\r\n",
    "WebSocket with two Hosts": get("Host: b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"),
  }),
];
