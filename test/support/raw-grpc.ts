/** A method of gRPC whose messages are bytes: what a test asks of them is its own. */
import type { MethodDefinition } from "@grpc/grpc-js";

const same = (value: Buffer): Buffer => value;

export function rawUnary(path: string): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}
