/** HTTP/2 services that misbehave: the caller gets the whole answer or can tell that it has not, and never waits for nothing. */
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
import { startLenientPeer } from "../support/lenient-peer.ts";
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
    void (async () => {
      const other = await peer.next();
      other.send(settings() + SETTINGS_ACK);
      await requestsOn(other, 1);
      other.send(answer);
    })();
    const { status, code } = await told;
    // Where the head was whole the break must show: a reset, else an answer of the proxy's own.
    expect(status === 200 ? code : status).toSatisfy((shown: number) => shown === 502 || (shown > 0 && shown < 14));
    expect(border.crossings[0]?.failure?.side).toBe("upstream");
  });
});
