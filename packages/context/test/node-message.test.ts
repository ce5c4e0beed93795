import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import type { Edits, NodeMessage } from "../src/index.ts";
import { applyToMessage, arrivalOfMessage, linesOfMessage } from "../src/index.ts";

const EDITS: Edits = [
  { name: "traceparent", value: "new" },
  { name: "tracestate", value: null },
  { name: "x-added", value: "1" },
];

const HEAD =
  "GET / HTTP/1.1\r\nHost: a\r\nTraceParent: one\r\ntracestate: a=1\r\ntraceparent: two\r\nTraceState: b=2\r\nX-Last: z\r\nConnection: close\r\n\r\n";

/** The message of one HTTP/1 request, while its server handles it. */
async function onHttp1<T>(look: (message: IncomingMessage) => T): Promise<T> {
  let seen: T | undefined;
  const server = createServer((request, response) => {
    seen = look(request);
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").resume();
  socket.write(HEAD);
  await once(socket, "close");
  await new Promise((resolve) => server.close(resolve));
  return seen as T;
}

const views = (message: NodeMessage): unknown => ({
  lines: [...(message.rawHeaders ?? [])],
  folded: { ...message.headers },
  distinct: message.headersDistinct === undefined ? undefined : { ...message.headersDistinct },
});

const EDITED = {
  lines: ["Host", "a", "TraceParent", "new", "X-Last", "z", "Connection", "close", "x-added", "1"],
  folded: { host: "a", traceparent: "new", "x-last": "z", connection: "close", "x-added": "1" },
  distinct: { host: ["a"], traceparent: ["new"], "x-last": ["z"], connection: ["close"], "x-added": ["1"] },
};

describe("edits of a message", () => {
  it("show in every view of an HTTP/1 request, whether it was read before or not", async () => {
    const fresh = await onHttp1((message) => {
      applyToMessage(message, EDITS);
      return views(message);
    });
    const read = await onHttp1((message) => {
      views(message);
      applyToMessage(message, EDITS);
      return views(message);
    });
    expect(fresh).toEqual(EDITED);
    expect(read).toEqual(EDITED);
  });

  it("of values alone show in every view too, whichever were read before, and again on the next request", async () => {
    const edits: Edits = [
      { name: "host", value: "b" },
      { name: "x-last", value: "y" },
    ];
    const seen: unknown[] = [];
    for (const before of [[], ["headers"], ["headersDistinct"], ["headers", "headersDistinct"], []] as const) {
      seen.push(
        await onHttp1((message) => {
          for (const view of before) expect(message[view]).toHaveProperty("host");
          applyToMessage(message, edits);
          const { folded, distinct } = views(message) as typeof EDITED;
          return [message.rawHeaders.slice(0, 2), folded.host, folded["x-last"], distinct.host, distinct["x-last"]];
        }),
      );
    }
    expect(seen).toEqual(Array.from({ length: 5 }, () => [["Host", "b"], "b", "y", ["b"], ["y"]]));
  });

  it("fold no view of a request that nobody has read, once the first of its kind is known", async () => {
    await onHttp1((message) => applyToMessage(message, [{ name: "host", value: "b" }]));
    const unread = await onHttp1((message) => {
      const before = Object.getOwnPropertySymbols(message).length;
      applyToMessage(message, [{ name: "host", value: "b" }]);
      return Object.getOwnPropertySymbols(message).length - before;
    });
    expect(unread).toBe(0);
  });

  it("show in every view of an HTTP/2 request", async () => {
    let seen: unknown;
    const server = createHttp2Server((request, response) => {
      applyToMessage(request, EDITS);
      seen = { lines: request.rawHeaders.slice(-4), folded: request.headers["traceparent"] };
      response.end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await once(session.request({ traceparent: ["one", "two"], tracestate: "a=1" }).resume(), "close");
    session.close();
    await new Promise((resolve) => server.close(resolve));
    expect(seen).toEqual({ lines: ["traceparent", "new", "x-added", "1"], folded: "new" });
  });

  it("leave a message without edits as it is, its views unbuilt", () => {
    const message: NodeMessage = {
      get headers(): never {
        throw new Error("a view was built");
      },
    };
    applyToMessage(message, []);
    expect(Object.keys(message)).toEqual(["headers"]);
  });
});

describe("a message of a serverless bridge, which has only folded fields", () => {
  const folded = (): NodeMessage => ({
    rawHeaders: [],
    headers: { traceparent: "one, two", tracestate: "a=1", cookie: ["a", "b"], empty: undefined },
  });

  it("is read from them", () => {
    expect(linesOfMessage(folded())).toEqual([
      "traceparent",
      "one, two",
      "tracestate",
      "a=1",
      "cookie",
      "a",
      "cookie",
      "b",
    ]);
    expect(linesOfMessage({ headers: { a: "1" } })).toEqual(["a", "1"]);
  });

  it("is edited in them, and gets no lines it did not have", () => {
    const message = folded();
    applyToMessage(message, EDITS);
    expect(message.headers).toEqual({ traceparent: "new", cookie: ["a", "b"], empty: undefined, "x-added": "1" });
    expect(message.rawHeaders).toEqual([]);
  });
});

it("lines that Node may have cut are told as cut", () => {
  expect(arrivalOfMessage(Array.from({ length: 2000 }, () => "x")).truncated).toBeUndefined();
  expect(arrivalOfMessage(Array.from({ length: 2046 }, () => "x")).truncated).toBe(true);
});

describe("who sent a message", () => {
  const names = "DNS:shop.internal, URI:spiffe://eu/shop";
  const socketOf = (authorized: boolean) => {
    let reads = 0;
    const getPeerX509Certificate = () => {
      reads += 1;
      return { subjectAltName: names };
    };
    return { socket: { remoteAddress: "10.0.0.1", authorized, getPeerX509Certificate }, reads: () => reads };
  };

  it("is told by the address of the socket", () => {
    expect(arrivalOfMessage(["a", "1"], { remoteAddress: "10.0.0.1" })).toEqual({
      truncated: false,
      address: "10.0.0.1",
    });
  });

  it("is told by the names in a certificate that was verified, which is read once for a connection", () => {
    const { socket, reads } = socketOf(true);
    for (let request = 0; request < 3; request += 1)
      expect(arrivalOfMessage([], socket).identities).toEqual(["shop.internal", "spiffe://eu/shop"]);
    expect(reads()).toBe(1);
  });

  it("is not told by a certificate that nobody verified, nor where there is none", () => {
    const { socket, reads } = socketOf(false);
    expect(arrivalOfMessage([], socket).identities).toBeUndefined();
    expect(reads()).toBe(0);
    expect(arrivalOfMessage([], { authorized: true, getPeerX509Certificate: () => undefined }).identities).toEqual([]);
  });
});
