/** The interoperability cases of gRPC through a border, each with what the service itself saw. */
import { once } from "node:events";
import type { EventEmitter } from "node:events";
import {
  Metadata,
  Server,
  ServerCredentials,
  credentials,
  makeGenericClientConstructor,
  status as codes,
} from "@grpc/grpc-js";
import type {
  Deadline,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  ServiceError,
  StatusObject,
  sendUnaryData,
} from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Border } from "./border.ts";
import { openBorder } from "./border.ts";

const same = (message: Buffer): Buffer => message;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/grpc.testing.TestService/${name}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});
const SERVICE: ServiceDefinition = {
  EmptyCall: method("EmptyCall", false, false),
  UnaryCall: method("UnaryCall", false, false),
  StreamingInputCall: method("StreamingInputCall", true, false),
  StreamingOutputCall: method("StreamingOutputCall", false, true),
  FullDuplexCall: method("FullDuplexCall", true, true),
};
const TestClient = makeGenericClientConstructor(SERVICE, "TestService");
const pathOf = (name: string): string => `/grpc.testing.TestService/${name}`;

/** The sizes that the cases prescribe. */
const LARGE = { request: 271_828, answer: 314_159 };
const SIZES = { requests: [27_182, 8, 1_828, 45_904], answers: [31_415, 9, 2_653, 58_979] };

type Call =
  | ServerUnaryCall<Buffer, Buffer>
  | ServerReadableStream<Buffer, Buffer>
  | ServerWritableStream<Buffer, Buffer>
  | ServerDuplexStream<Buffer, Buffer>;

let server: Server;
let border: Border;
let client: InstanceType<typeof TestClient>;
/** The calls that the service got, in their order. */
let calls: Call[];
let arrived: PromiseWithResolvers<Call>;
/** Lengths of the messages that the service got. */
let received: number[];

beforeEach(async () => {
  calls = [];
  received = [];
  arrived = Promise.withResolvers();
  const arrive = (call: Call): void => {
    calls.push(call);
    arrived.resolve(call);
  };
  server = new Server();
  server.addService(SERVICE, {
    EmptyCall(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
      arrive(call);
      done(null, Buffer.alloc(0));
    },
    UnaryCall(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
      arrive(call);
      received.push(call.request.length);
      const told = String(call.metadata.get("x-tell")[0] ?? "");
      if (told === "sleep") return;
      if (told === "fail") return done({ code: codes.UNKNOWN, details: String(call.request) });
      const trailers = new Metadata();
      for (const value of call.metadata.get("x-grpc-test-echo-trailing-bin"))
        trailers.add("x-grpc-test-echo-trailing-bin", value);
      done(null, Buffer.alloc(LARGE.answer), trailers);
    },
    StreamingInputCall(call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
      arrive(call);
      call.on("data", (message: Buffer) => received.push(message.length));
      call.on("end", () => done(null, Buffer.from(String(received.reduce((sum, length) => sum + length, 0)))));
    },
    StreamingOutputCall(call: ServerWritableStream<Buffer, Buffer>) {
      arrive(call);
      for (const length of SIZES.answers) call.write(Buffer.alloc(length));
      call.end();
    },
    FullDuplexCall(call: ServerDuplexStream<Buffer, Buffer>) {
      arrive(call);
      call.on("data", (message: Buffer) => {
        received.push(message.length);
        call.write(Buffer.alloc(SIZES.answers[received.length - 1] ?? 0));
      });
      call.on("end", () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  border = await openBorder(`http://127.0.0.1:${port}`, {}, "h2");
  client = new TestClient(`127.0.0.1:${border.port}`, credentials.createInsecure());
});
afterEach(async () => {
  client.close();
  await border.close();
  server.forceShutdown();
});

interface Answer {
  readonly error: ServiceError | null;
  readonly message: Buffer | undefined;
  readonly trailers: Metadata;
}

function unary(name: string, request: Buffer, fields: Record<string, string | Buffer> = {}, deadline?: Deadline) {
  const metadata = new Metadata();
  for (const [field, value] of Object.entries(fields)) metadata.set(field, value);
  return new Promise<Answer>((resolve) => {
    let answered: Omit<Answer, "trailers"> = { error: null, message: undefined };
    const call = client.makeUnaryRequest<Buffer, Buffer>(
      pathOf(name),
      same,
      same,
      request,
      metadata,
      deadline === undefined ? {} : { deadline },
      (error, message) => (answered = { error, message }),
    );
    call.on("status", (status: StatusObject) =>
      queueMicrotask(() => resolve({ ...answered, trailers: status.metadata })),
    );
  });
}

/** Of a call that may fail: `once` would reject with its error. */
function statusOf(call: EventEmitter): Promise<StatusObject> {
  call.on("error", () => undefined);
  return new Promise((resolve) => call.once("status", resolve));
}

async function isCanceled(call: Call): Promise<void> {
  if (!call.cancelled) await once(call, "cancelled");
}

describe("gRPC through a border", () => {
  it("empty_unary", async () => {
    const { error, message } = await unary("EmptyCall", Buffer.alloc(0));
    expect([error, message?.length]).toEqual([null, 0]);
    expect(calls).toHaveLength(1);
  });

  it("large_unary, with binary trailers", async () => {
    const echoed = Buffer.from([0xab, 0xab, 0xab]);
    const { error, message, trailers } = await unary("UnaryCall", Buffer.alloc(LARGE.request), {
      "x-grpc-test-echo-trailing-bin": echoed,
    });
    expect([error, message?.length]).toEqual([null, LARGE.answer]);
    expect(trailers.get("x-grpc-test-echo-trailing-bin")).toEqual([echoed]);
    expect(received).toEqual([LARGE.request]);
  });

  it("client_streaming", async () => {
    const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
      const call = client.makeClientStreamRequest<Buffer, Buffer>(
        pathOf("StreamingInputCall"),
        same,
        same,
        (error, message) => (error === null ? resolve(message) : reject(error)),
      );
      for (const length of SIZES.requests) call.write(Buffer.alloc(length));
      call.end();
    });
    expect(String(answer)).toBe("74922");
    expect(received).toEqual(SIZES.requests);
  });

  it("server_streaming", async () => {
    const call = client.makeServerStreamRequest<Buffer, Buffer>(
      pathOf("StreamingOutputCall"),
      same,
      same,
      Buffer.alloc(0),
    );
    const lengths: number[] = [];
    call.on("data", (message: Buffer) => lengths.push(message.length));
    expect((await statusOf(call)).code).toBe(codes.OK);
    expect(lengths).toEqual(SIZES.answers);
  });

  it("ping_pong", async () => {
    const call = client.makeBidiStreamRequest<Buffer, Buffer>(pathOf("FullDuplexCall"), same, same);
    const ended = statusOf(call);
    for (const [at, length] of SIZES.requests.entries()) {
      call.write(Buffer.alloc(length));
      const [message] = (await once(call, "data")) as [Buffer];
      expect(message.length).toBe(SIZES.answers[at]);
    }
    call.end();
    call.resume();
    expect((await ended).code).toBe(codes.OK);
    expect(received).toEqual(SIZES.requests);
  });

  it("empty_stream", async () => {
    const call = client.makeBidiStreamRequest<Buffer, Buffer>(pathOf("FullDuplexCall"), same, same);
    call.resume().end();
    expect((await statusOf(call)).code).toBe(codes.OK);
    expect(received).toEqual([]);
  });

  it("cancel_after_begin: the service sees it", async () => {
    const call = client.makeClientStreamRequest<Buffer, Buffer>(
      pathOf("StreamingInputCall"),
      same,
      same,
      () => undefined,
    );
    call.write(Buffer.alloc(1));
    const at = await arrived.promise;
    const status = statusOf(call);
    call.cancel();
    expect((await status).code).toBe(codes.CANCELLED);
    await isCanceled(at);
  });

  it("cancel_after_first_response: the service sees it", async () => {
    const call = client.makeBidiStreamRequest<Buffer, Buffer>(pathOf("FullDuplexCall"), same, same);
    const status = statusOf(call);
    call.write(Buffer.alloc(SIZES.requests[0] ?? 0));
    await once(call, "data");
    call.cancel();
    expect((await status).code).toBe(codes.CANCELLED);
    await isCanceled(await arrived.promise);
    await expect.poll(() => border.crossings[0]?.failure?.kind).toBe("client-gone");
  });

  it("timeout_on_sleeping_server: the service knows the deadline, and sees the end", async () => {
    const deadline = Date.now() + 300;
    const { error } = await unary("UnaryCall", Buffer.alloc(1), { "x-tell": "sleep" }, deadline);
    expect(error?.code).toBe(codes.DEADLINE_EXCEEDED);
    const call = await arrived.promise;
    expect(Math.abs(Number(call.getDeadline()) - deadline)).toBeLessThan(200);
    await isCanceled(call);
  });

  it("status_code_and_message", async () => {
    const { error } = await unary("UnaryCall", Buffer.from("test status message"), { "x-tell": "fail" });
    expect(error).toMatchObject({ code: codes.UNKNOWN, details: "test status message" });
    await expect.poll(() => border.crossings[0]?.grpcStatus).toBe(codes.UNKNOWN);
  });

  it("special_status_message", async () => {
    const text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    const { error } = await unary("UnaryCall", Buffer.from(text), { "x-tell": "fail" });
    expect(error).toMatchObject({ code: codes.UNKNOWN, details: text });
  });

  it("unimplemented_method and unimplemented_service", async () => {
    for (const path of [pathOf("UnimplementedCall"), "/grpc.testing.UnimplementedService/UnimplementedCall"]) {
      const error = await new Promise<ServiceError | null>((resolve) =>
        client.makeUnaryRequest(path, same, same, Buffer.alloc(0), (failed) => resolve(failed)),
      );
      expect(error?.code).toBe(codes.UNIMPLEMENTED);
    }
    expect(calls).toEqual([]);
  });
});
