/** gRPC's own client for Node as the peer of the receiver. */
import { Client, credentials, status as codes } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { decodeStatus, grpcPath } from "@tracemend/otlp";
import { createGrpcReceiver } from "@tracemend/pipeline";
import type { Sink } from "@tracemend/pipeline";
import { batchOf, over } from "../batches.ts";
import { closers } from "../harness.ts";
import { createFixedSink } from "../stages/sinks.ts";

const tracesPath = grpcPath("traces");
const body = Buffer.from(batchOf("traces", 3).parts[0] ?? []);

async function listen(sink: Sink) {
  const receiver = await createGrpcReceiver({}, sink);
  closers.push(() => receiver.close(over));
  return { receiver };
}

describe("grpc-js as the client", () => {
  const call = (client: Client, bytes: Buffer): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        tracesPath,
        (message: Buffer) => message,
        (message: Buffer) => message,
        bytes,
        (error: ServiceError | null, value?: Buffer) =>
          error === null ? resolve(value ?? Buffer.alloc(0)) : reject(error),
      );
    });

  test.for([0, 2])("exports with channel compression %i", async (compression) => {
    const sink = createFixedSink({ kind: "accepted" });
    const { receiver } = await listen(sink);
    const options = { "grpc.default_compression_algorithm": compression as 0 | 2 };
    const client = new Client(`127.0.0.1:${receiver.address.port}`, credentials.createInsecure(), options);
    closers.push(async () => client.close());
    const large = Buffer.from(batchOf("traces", 5_000).parts[0] ?? []);
    const responses = await Promise.all([call(client, body), call(client, large), call(client, body)]);
    expect(responses.map((response) => response.length)).toEqual([0, 0, 0]);
    expect(sink.batches.map((batch) => batch.items).toSorted((a, b) => a - b)).toEqual([3, 3, 5_000]);
  });

  test("sees the status, the message and the details of a busy answer", async () => {
    const { receiver } = await listen(createFixedSink({ kind: "busy", retryAfterMs: 7_000 }));
    const client = new Client(`127.0.0.1:${receiver.address.port}`, credentials.createInsecure());
    closers.push(async () => client.close());
    const error = (await call(client, body).catch((error: unknown) => error)) as ServiceError;
    expect(error.code).toBe(codes.UNAVAILABLE);
    const [details] = error.metadata.get("grpc-status-details-bin");
    expect(decodeStatus(details as Buffer)).toMatchObject({ status: { code: 14, retryAfterMs: 7_000 } });
  });
});
