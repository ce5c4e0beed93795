/** Calls of gRPC that are made once more: by a client that knows nothing of it, and as the service sees them. */
import { once } from "node:events";
import { connect, constants, createServer } from "node:http2";
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { Metadata, credentials, makeGenericClientConstructor, status as codes } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import type { Passed, UpstreamOptions } from "@tracemend/proxy";
import { afterEach, describe, expect, it } from "vitest";
import type { FakeClock } from "../support/clock.ts";
import { createFakeClock } from "../support/clock.ts";
import type { Border } from "./border.ts";
import { openBorder } from "./border.ts";

const PATH = "/test.Shop/Buy";
const same = (message: Buffer): Buffer => message;
const Client = makeGenericClientConstructor({}, "Shop");

/** One call as the service got it. */
interface Got {
  readonly head: IncomingHttpHeaders;
  readonly stream: ServerHttp2Stream;
  readonly session: ServerHttp2Session;
  /** The whole body, once it has ended. */
  readonly body: Promise<string>;
}
type Reply = (got: Got) => void;

let service: Http2Server;
let border: Border;
let client: InstanceType<typeof Client>;
let clock: FakeClock;
let got: Got[];
let passed: Passed[];
let sessions: ServerHttp2Session[];
let nextGot: PromiseWithResolvers<Got>;

/** `replies`: to the first call, the second and so on; the last one to all that follow. */
async function open(
  retry: UpstreamOptions["retry"],
  replies: readonly [Reply, ...Reply[]],
  more: Partial<UpstreamOptions> = {},
): Promise<void> {
  got = [];
  passed = [];
  sessions = [];
  nextGot = Promise.withResolvers();
  clock = createFakeClock();
  service = createServer();
  service.on("session", (session) => sessions.push(session));
  service.on("stream", (stream: ServerHttp2Stream, head) => {
    stream.on("error", () => undefined);
    const session = stream.session as ServerHttp2Session;
    const one = { head, stream, session, body: readBody(stream) };
    got.push(one);
    const before = nextGot;
    nextGot = Promise.withResolvers();
    before.resolve(one);
    (replies[got.length - 1] ?? replies.at(-1))?.(one);
  });
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  border = await openBorder(url, {
    clock,
    random: () => 0,
    routes: [{ upstream: { name: "shop", url, protocol: "h2", ...(retry === undefined ? {} : { retry }), ...more } }],
    observer: { crossed: (one) => void passed.push(one) },
  });
  client = new Client(`127.0.0.1:${border.port}`, credentials.createInsecure());
}
afterEach(async () => {
  client.close();
  await border.close();
  for (const session of sessions) session.destroy();
  await new Promise((resolve) => service.close(resolve));
});

async function readBody(stream: ServerHttp2Stream): Promise<string> {
  let text = "";
  try {
    for await (const chunk of stream) text += String(chunk);
  } catch {
    return `${text} and broken off`;
  }
  return text;
}

const says =
  (code: number, fields: Record<string, string> = {}): Reply =>
  ({ stream }) =>
    stream.respond(
      { ":status": 200, "content-type": "application/grpc", "grpc-status": String(code), ...fields },
      { endStream: true },
    );

/** Once the request has ended, with its messages for an answer. */
const echoes: Reply = ({ stream, body }) => {
  const answer = async (): Promise<void> => {
    const text = await body;
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(Buffer.from(text));
  };
  void answer();
};

interface Told {
  readonly error: ServiceError | null;
  readonly reply: string | undefined;
}

function call(message: string, fields: Record<string, string> = {}, deadlineMs?: number): Promise<Told> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(fields)) metadata.set(name, value);
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  return new Promise((resolve) =>
    client.makeUnaryRequest(PATH, same, same, Buffer.from(message), metadata, options, (error, reply?: Buffer) =>
      resolve({ error, reply: reply === undefined ? undefined : String(reply) }),
    ),
  );
}

/** Resolves with the next call that the service gets, after what the proxy waits for. */
async function after(ms: number): Promise<Got> {
  await clock.whenDueIn(ms);
  const next = nextGot.promise;
  clock.advance(ms);
  return next;
}

const UNAVAILABLE = { tries: 3, grpcStatuses: [codes.UNAVAILABLE] } as const;

describe("a call that ends with a status it may be made again for", () => {
  it("is made again with the same messages, and the caller sees nothing of it", async () => {
    await open(UNAVAILABLE, [says(14), says(14), echoes]);
    const answer = call("a pound of tea", { "x-user": "42" });
    await nextGot.promise;
    await after(0);
    await after(0);
    expect(await answer).toEqual({ error: null, reply: "a pound of tea" });
    const bodies = await Promise.all(got.map(({ body }) => body));
    expect(new Set(bodies).size).toBe(1);
    expect(bodies[0]).toHaveLength("a pound of tea".length + 5);
    expect(got.map(({ head }) => head["x-user"])).toEqual(["42", "42", "42"]);
    expect(passed[0]?.tries).toMatchObject([
      { grpcStatus: 14, status: 200, failure: { kind: "refused" } },
      { grpcStatus: 14, status: 200 },
      { grpcStatus: 0, status: 200, failure: undefined },
    ]);
    expect(passed[0]).toMatchObject({ grpcStatus: 0, failure: undefined });
  });

  it("is made again where it has no message at all", async () => {
    await open(UNAVAILABLE, [says(14), says(0)]);
    const session = connect(`http://127.0.0.1:${border.port}`);
    const head = { ":method": "POST", ":path": PATH, "content-type": "application/grpc", te: "trailers" };
    const answer = once(session.request(head, { endStream: true }), "response");
    await nextGot.promise;
    await after(0);
    const [fields] = (await answer) as [IncomingHttpHeaders];
    expect(fields["grpc-status"]).toBe("0");
    session.destroy();
  });

  it("is told as it ended where all tries end so", async () => {
    await open({ ...UNAVAILABLE, tries: 2 }, [says(14, { "grpc-message": "gone fishing" })]);
    const answer = call("x");
    await nextGot.promise;
    await after(0);
    expect((await answer).error).toMatchObject({ code: 14, details: "gone fishing" });
    expect(got).toHaveLength(2);
  });

  it.each([
    ["no status was asked for", { tries: 3 }, says(14)],
    ["it ends with another", UNAVAILABLE, says(5)],
    ["the service forbids it", UNAVAILABLE, says(14, { "grpc-retry-pushback-ms": "-1" })],
    ["the service names no time that is one", UNAVAILABLE, says(14, { "grpc-retry-pushback-ms": "soon" })],
    ["the service names one that nobody waits for", UNAVAILABLE, says(14, { "grpc-retry-pushback-ms": "60001" })],
    ["it is longer than what is kept", { ...UNAVAILABLE, bufferBytes: 6 }, says(14)],
    ["a message has been answered", UNAVAILABLE, answersThenFails],
  ] as const)("is made once where %s", async (_why, retry, reply) => {
    await open(retry, [reply]);
    const { error } = await call("longer");
    expect(error?.code).toBe(
      reply === answersThenFails ? 14 : Number((got[0] as Got).stream.sentHeaders["grpc-status"]),
    );
    expect(got).toHaveLength(1);
    expect(passed[0]?.tries ?? []).toEqual([]);
  });

  it("waits for as long as the service says", async () => {
    await open(UNAVAILABLE, [says(14, { "grpc-retry-pushback-ms": "5000" }), echoes]);
    const answer = call("x");
    await nextGot.promise;
    await after(5_000);
    expect((await answer).reply).toBe("x");
  });

  it("keeps to the deadline of the first try, and tells each what is left of it", async () => {
    const slowly: Reply = (one) => {
      clock.advance(400_000);
      says(14)(one);
    };
    await open({ ...UNAVAILABLE, tries: 5 }, [slowly], { timeouts: { idleMs: 10_000_000 } });
    const answer = call("x", {}, 1_000_000);
    await nextGot.promise;
    await after(0);
    await after(0);
    expect((await answer).error?.code).toBe(14);
    const left = got.map(({ head }) => Number(String(head["grpc-timeout"]).slice(0, -1)));
    expect(left).toHaveLength(3);
    // The client counts in real time until it writes the first.
    expect(left[0]).toBeGreaterThan(900_000);
    expect((left[0] as number) - (left[1] as number)).toBe(400_000);
    expect((left[0] as number) - (left[2] as number)).toBe(800_000);
  });

  it("is made again with all messages of a stream that has ended, and with those yet to come of one that has not", async () => {
    await open(UNAVAILABLE, [says(14), echoes]);
    const metadata = new Metadata();
    const stream = client.makeBidiStreamRequest(PATH, same, same, metadata);
    const replies: string[] = [];
    stream.on("data", (message: Buffer) => replies.push(String(message)));
    stream.write(Buffer.from("one "));
    await nextGot.promise;
    const second = await after(0);
    stream.write(Buffer.from("two "));
    stream.end();
    await once(stream, "end");
    expect(replies).toEqual(["one ", "two "]);
    expect(await second.body).toMatch(/one .*two /s);
    expect(got).toHaveLength(2);
  });
});

/** A whole message, and then the status of a failure. */
function answersThenFails({ stream }: Got): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "14" }));
  stream.end(Buffer.from("\0\0\0\0\x02ok"));
}

describe("a call that fails on its way", () => {
  it("is made again over another connection where that would be told as a status it may be made again for", async () => {
    await open(UNAVAILABLE, [({ body, session }) => void body.then(() => session.destroy()), echoes]);
    const answer = call("x");
    await nextGot.promise;
    await after(0);
    expect((await answer).reply).toBe("x");
    expect(sessions).toHaveLength(2);
    expect(passed[0]?.tries).toMatchObject([{ failure: { kind: "lost" }, grpcStatus: undefined }, { grpcStatus: 0 }]);
  });

  it("is made again at once where the service has not looked at it", async () => {
    await open(UNAVAILABLE, [
      ({ body, stream }) => void body.then(() => stream.close(constants.NGHTTP2_REFUSED_STREAM)),
      echoes,
    ]);
    expect((await call("x")).reply).toBe("x");
    expect(got).toHaveLength(2);
  });

  it("is made again where a gateway before the service answers with 503", async () => {
    await open(UNAVAILABLE, [
      ({ stream }) => (stream.respond({ ":status": 503, "content-type": "text/html" }), stream.end("<html>")),
      echoes,
    ]);
    const answer = call("x");
    await nextGot.promise;
    await after(0);
    expect((await answer).reply).toBe("x");
  });

  it("is made again where a try takes too long and the status of that is asked for", async () => {
    await open({ tries: 2, tryMs: 1_000, grpcStatuses: [codes.DEADLINE_EXCEEDED] }, [() => undefined, echoes]);
    const answer = call("x");
    const { stream, body } = await nextGot.promise;
    const code = new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));
    expect(await body).toContain("x");
    clock.advance(1_250);
    expect((await answer).reply).toBe("x");
    expect(await code).toBe(constants.NGHTTP2_CANCEL);
    expect(got).toHaveLength(2);
  });

  it("is not where the caller has gone in between", async () => {
    await open(UNAVAILABLE, [says(14, { "grpc-retry-pushback-ms": "5000" }), echoes]);
    const stream = client.makeBidiStreamRequest(PATH, same, same, new Metadata());
    stream.on("error", () => undefined);
    stream.end(Buffer.from("x"));
    await nextGot.promise;
    await clock.whenDueIn(5_000);
    stream.cancel();
    await expect.poll(() => passed.length, { timeout: 20_000 }).toBe(1);
    clock.advance(10_000);
    expect(passed[0]?.failure).toMatchObject({ kind: "client-gone" });
    expect(got).toHaveLength(1);
  });
});
