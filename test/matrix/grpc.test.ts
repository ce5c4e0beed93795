/** gRPC over every pair of HTTP/2 transports, with an independent client and server. */
import {
  Metadata,
  Server,
  ServerCredentials,
  credentials,
  makeGenericClientConstructor,
  status as codes,
} from "@grpc/grpc-js";
import type {
  ServerDuplexStream,
  ServerUnaryCall,
  ServiceDefinition,
  ServiceError,
  sendUnaryData,
} from "@grpc/grpc-js";
import { once } from "node:events";
import { defineBoundary } from "@tracemend/context";
import type { Crossing } from "@tracemend/context";
import { createProxy } from "@tracemend/proxy";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFakeClock } from "../support/clock.ts";
import { SPANS, ca, identity } from "./rig.ts";

const bytes = (message: Buffer): Buffer => message;
const method = (path: string, stream: boolean) => ({
  path,
  requestStream: stream,
  responseStream: stream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});
const SERVICE: ServiceDefinition = { Say: method("/test.Echo/Say", false), Talk: method("/test.Echo/Talk", true) };
const EchoClient = makeGenericClientConstructor(SERVICE, "Echo");

const PAIRS = (["h2c", "h2"] as const).flatMap((from) => (["h2c", "h2"] as const).map((to) => ({ from, to })));

describe.each(PAIRS)("gRPC from $from to $to", ({ from, to }) => {
  const seen: Metadata[] = [];
  const crossings: Crossing[] = [];
  const canceled = Promise.withResolvers<void>();
  const clock = createFakeClock();
  const server = new Server();
  let client: InstanceType<typeof EchoClient>;
  let close: () => Promise<void>;
  const arrivals: (() => void)[] = [];

  beforeAll(async () => {
    server.addService(SERVICE, {
      Say(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        seen.push(call.metadata);
        const trailers = new Metadata();
        trailers.set("x-sum", "1");
        if (String(call.request) === "fail") {
          done({ code: codes.NOT_FOUND, details: "no such thing", metadata: trailers });
        } else if (String(call.request) === "hang") {
          call.once("cancelled", () => canceled.resolve());
          for (const arrive of arrivals.splice(0)) arrive();
        } else done(null, call.request, trailers);
      },
      Talk(call: ServerDuplexStream<Buffer, Buffer>) {
        call.on("data", (message: Buffer) => call.write(Buffer.from(`echo ${String(message)}`)));
        call.on("end", () => call.end());
      },
    });
    const secure = (tls: boolean): ServerCredentials =>
      tls
        ? ServerCredentials.createSsl(null, [
            { private_key: Buffer.from(identity.key), cert_chain: Buffer.from(identity.cert) },
          ])
        : ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", secure(to === "h2"), (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    const url = `${to === "h2" ? "https" : "http"}://localhost:${port}`;
    const proxy = await createProxy({
      boundary: defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1" }),
      listen: from === "h2" ? { tls: identity } : {},
      routes: [{ upstream: { name: "echo", url, protocol: "h2", tls: { ca } } }],
      spans: { grant: () => ({ spans: SPANS, finish() {}, release() {} }) },
      observer: { crossed: (crossing) => void crossings.push(crossing) },
      clock,
      timeouts: { answerMs: 1_000, idleMs: 2_000 },
    });
    client = new EchoClient(
      `localhost:${proxy.address.port}`,
      from === "h2" ? credentials.createSsl(Buffer.from(ca)) : credentials.createInsecure(),
    );
    close = async () => {
      client.close();
      await proxy.close(AbortSignal.abort());
      server.forceShutdown();
    };
  });
  afterAll(() => close());

  const say = (text: string) => {
    const outcome = Promise.withResolvers<{ error: ServiceError | null; reply: string; trailers: Metadata }>();
    let trailers = new Metadata();
    let error: ServiceError | null = null;
    let reply = "";
    const call = client.makeUnaryRequest(
      "/test.Echo/Say",
      bytes,
      bytes,
      Buffer.from(text),
      (failed: ServiceError | null, message?: Buffer) => {
        error = failed;
        reply = String(message);
      },
    );
    call.on("status", (status) => {
      trailers = status.metadata;
      queueMicrotask(() => outcome.resolve({ error, reply, trailers }));
    });
    return { call, outcome: outcome.promise };
  };

  it("carries a unary call, its trailers, and our span as the parent", async () => {
    const { error, reply, trailers } = await say("hello").outcome;
    expect([error, reply, trailers.get("x-sum")]).toEqual([null, "hello", ["1"]]);
    expect(seen.at(-1)?.get("traceparent")).toEqual([`00-${SPANS.traceId}-${SPANS.clientSpanId}-03`]);
    await expect.poll(() => crossings.at(-1)).toMatchObject({ grpcStatus: 0, status: 200, method: "POST" });
  });

  it("carries a failure with its details, in trailers and in a head alone", async () => {
    const { error, trailers } = await say("fail").outcome;
    expect(error).toMatchObject({ code: codes.NOT_FOUND, details: "no such thing" });
    expect(trailers.get("x-sum")).toEqual(["1"]);
    const missing = await new Promise<ServiceError | null>((resolve) =>
      client.makeUnaryRequest("/test.Echo/None", bytes, bytes, Buffer.from("x"), (failed) => resolve(failed)),
    );
    expect(missing?.code).toBe(codes.UNIMPLEMENTED);
    await expect.poll(() => crossings.at(-1)?.grpcStatus).toBe(codes.UNIMPLEMENTED);
  });

  it("carries a conversation, message by message", async () => {
    const call = client.makeBidiStreamRequest<Buffer, Buffer>("/test.Echo/Talk", bytes, bytes);
    for (const text of ["one", "two", "three"]) {
      call.write(Buffer.from(text));
      expect(String(((await once(call, "data")) as [Buffer])[0])).toBe(`echo ${text}`);
    }
    call.end();
    call.resume();
    const [status] = (await once(call, "status")) as [{ code: number }];
    expect(status.code).toBe(codes.OK);
  });

  it("tells the service when the caller cancels", async () => {
    const arrived = new Promise<void>((resolve) => arrivals.push(resolve));
    const { call, outcome } = say("hang");
    await arrived;
    call.cancel();
    expect((await outcome).error?.code).toBe(codes.CANCELLED);
    await canceled.promise;
    await expect.poll(() => crossings.at(-1)?.failure?.kind).toBe("client-gone");
  });

  it("says deadline exceeded where the service stays silent beyond the idle timeout", async () => {
    const arrived = new Promise<void>((resolve) => arrivals.push(resolve));
    const { outcome } = say("hang");
    await arrived;
    clock.advance(3_000);
    expect((await outcome).error).toMatchObject({ code: codes.DEADLINE_EXCEEDED });
  });
});
