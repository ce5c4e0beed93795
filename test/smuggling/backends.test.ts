/** Services that misbehave: the caller gets the whole answer or can tell that it has not, and never waits for nothing. */
import type { ClientHttp2Session } from "node:http2";
import { connect } from "node:http2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  data,
  frame,
  goaway,
  headers,
  ping,
  readFrames,
  reset,
  settings,
  SETTINGS_ACK,
} from "../support/http2-frames.ts";
import type { Frame } from "../support/http2-frames.ts";
import { dialLenient, startLenientPeer } from "../support/lenient-peer.ts";
import type { LenientConnection, LenientPeer } from "../support/lenient-peer.ts";
import type { Border } from "./border.ts";
import { openBorder } from "./border.ts";

const OK = headers(1, [[":status", "200"]], END_HEADERS);

let peer: LenientPeer;
let border: Border;
let client: ClientHttp2Session;

interface Told {
  readonly status: number | undefined;
  readonly code: number | undefined;
  readonly body: string;
}

function call(): Promise<Told> {
  const stream = client.request({ ":authority": "a" });
  let status: number | undefined;
  let body = "";
  stream.on("error", () => undefined);
  stream.on("response", (head) => (status = head[":status"]));
  stream.on("data", (chunk: Buffer) => (body += String(chunk)));
  return new Promise((resolve) => stream.once("close", () => resolve({ status, body, code: stream.rstCode })));
}

const isRequest = ({ type }: Frame): boolean => type === FRAME.headers;

/** The frames of requests on it, once there are as many. Its preface is 24 bytes. */
async function requestsOn(service: LenientConnection, count: number): Promise<readonly Frame[]> {
  const requests = (bytes: string): readonly Frame[] => readFrames(bytes.slice(24)).filter(isRequest);
  return requests(await service.when((bytes) => requests(bytes).length >= count));
}

describe("an HTTP/2 service", () => {
  beforeEach(async () => {
    peer = await startLenientPeer();
    border = await openBorder(peer.url, { timeouts: { connectMs: 1_000 } }, "h2");
    client = connect(`http://127.0.0.1:${border.port}`);
  });
  afterEach(async () => {
    client.destroy();
    await border.close();
    await peer.close();
  });

  /** One request that has arrived at a service which has said its SETTINGS. */
  async function begin(
    values: Record<number, number> = {},
  ): Promise<{ told: Promise<Told>; service: LenientConnection }> {
    const next = peer.next();
    const told = call();
    const service = await next;
    service.send(settings(values) + SETTINGS_ACK);
    await requestsOn(service, 1);
    return { told, service };
  }

  it("may say GOAWAY in the middle: what is open is finished, what is new goes over another connection", async () => {
    const { told, service } = await begin();
    service.send(OK + data(1, "half", 0) + goaway(1, 0));
    service.send(ping());
    await service.when((bytes) =>
      readFrames(bytes.slice(24)).some(({ type, flags }) => type === FRAME.ping && flags === 1),
    );
    const next = peer.next();
    const second = call();
    const other = await next;
    other.send(settings() + SETTINGS_ACK);
    await requestsOn(other, 1);
    other.send(headers(1, [[":status", "204"]]));
    expect((await second).status).toBe(204);
    service.send(data(1, " and half"));
    expect(await told).toEqual({ status: 200, body: "half and half", code: 0 });
  });

  it("that says GOAWAY for a request it has not seen is asked once more elsewhere", async () => {
    const { told, service } = await begin();
    const next = peer.next();
    service.send(goaway(0, 0));
    service.socket.end();
    const other = await next;
    other.send(settings() + SETTINGS_ACK);
    await requestsOn(other, 1);
    other.send(headers(1, [[":status", "204"]]));
    expect((await told).status).toBe(204);
  });

  it("that breaks off in the middle is told from one that has ended", async () => {
    const { told, service } = await begin();
    service.send(OK + data(1, "half", 0) + reset(1, 2));
    expect(await told).toEqual({ status: 200, body: "half", code: 2 });
    expect(border.crossings[0]).toMatchObject({ status: 200, failure: { kind: "reset", side: "upstream" } });
  });

  it("that closes its connection in the middle is told from one that has ended", async () => {
    const { told, service } = await begin();
    service.send(OK + data(1, "half", 0));
    service.socket.end();
    const { code } = await told;
    expect(code).not.toBe(0);
  });

  it("may take one stream at a time: the others wait and each gets its own answer", async () => {
    const next = peer.next();
    const tolds = [call(), call(), call(), call(), call()];
    const service = await next;
    service.send(settings({ 3: 1 }) + SETTINGS_ACK);
    for (let count = 1; count <= tolds.length; count += 1) {
      const requests = await requestsOn(service, count);
      const { stream } = requests[count - 1] as Frame;
      service.send(headers(stream, [[":status", "200"]], END_HEADERS) + data(stream, `answer ${count}`));
    }
    const answers = await Promise.all(tolds);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body)).size).toBe(5);
  });

  it.each([
    [
      "a body shorter than its length",
      headers(
        1,
        [
          [":status", "200"],
          ["content-length", "9"],
        ],
        END_HEADERS,
      ) + data(1, "short"),
    ],
    [
      "a body longer than its length",
      headers(
        1,
        [
          [":status", "200"],
          ["content-length", "2"],
        ],
        END_HEADERS,
      ) + data(1, "long"),
    ],
    ["no status", headers(1, [["x", "1"]])],
    ["a status that is none", headers(1, [[":status", "abc"]])],
    [
      "two statuses",
      headers(1, [
        [":status", "200"],
        [":status", "204"],
      ]),
    ],
    ["a body before its head", data(1, "early")],
    ["an answer on a stream nobody opened", headers(3, [[":status", "200"]])],
    ["a switch of protocols", headers(1, [[":status", "101"]], END_HEADERS)],
    [
      "a field that belongs to a connection",
      headers(1, [
        [":status", "200"],
        ["connection", "x"],
      ]),
    ],
    [
      "a coding",
      headers(1, [
        [":status", "200"],
        ["transfer-encoding", "chunked"],
      ]),
    ],
    ["a promise that was not allowed", frame(FRAME.push, END_HEADERS, 1, "\0\0\0\x02\x82\x84\x86\x41\x01a")],
    ["a field block without end", frame(FRAME.headers, 0, 1, "\x88") + frame(FRAME.continuation, 0, 1).repeat(2_000)],
    [
      "a head beyond the limit",
      frame(FRAME.headers, END_STREAM, 1, `\x88\x40\x01x\x7f\x81\x7d${"y".repeat(16_128)}`) +
        frame(FRAME.continuation, END_HEADERS, 1, "\xbe".repeat(10)),
    ],
    ["no HTTP/2 at all", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
  ])("that answers with %s has not answered", async (_what, answer) => {
    const { told, service } = await begin();
    service.send(answer);
    // A GET is asked for once more where the connection broke.
    void peer.next().then(async (other) => {
      other.send(settings() + SETTINGS_ACK);
      await requestsOn(other, 1);
      other.send(answer);
    });
    const { status, code } = await told;
    // Where the head was whole the break must show: a reset, else an answer of the proxy's own.
    if (status === 200) expect(code).not.toBe(0);
    else expect(status).toBe(502);
    expect(border.crossings[0]?.failure?.side).toBe("upstream");
  });
});

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
      await caller.until("second");
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
