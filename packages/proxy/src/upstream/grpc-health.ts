/** A question of grpc.health.v1.Health/Check and what its answer says. Pure. Source: gRPC health checking protocol. */
import { grpcStatus } from "../grpc.ts";
import type { AnswerHead } from "../plane/plane.ts";
import type { AnswerReader } from "./health.ts";

export const HEALTH_PATH = "/grpc.health.v1.Health/Check";

/** `HealthCheckResponse.ServingStatus`; every other one is ill, NOT_FOUND and UNIMPLEMENTED of the call too. */
const SERVING = 1;

/** More than any answer of the protocol. */
const MOST_BYTES = 1_024;

/** Compressed or not, and four bytes of length. Source: gRPC over HTTP/2, "Length-Prefixed-Message". */
const PREFIX_BYTES = 5;

/** One message `HealthCheckRequest { service }`; an empty name asks for the server as a whole. */
export function healthRequest(service: string): Uint8Array {
  const name = new TextEncoder().encode(service);
  const field = name.length === 0 ? [] : [0x0a, ...varint(name.length), ...name];
  const message = new Uint8Array(PREFIX_BYTES + field.length);
  new DataView(message.buffer).setUint32(1, field.length);
  message.set(field, PREFIX_BYTES);
  return message;
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

export function readHealthAnswer(): AnswerReader {
  let head: AnswerHead | undefined;
  let bytes = new Uint8Array(0);
  return {
    answered(answer) {
      head = answer;
      return answer.status === 200 ? undefined : false;
    },
    body(chunk) {
      if (bytes.length + chunk.length > MOST_BYTES) return false;
      const longer = new Uint8Array(bytes.length + chunk.length);
      longer.set(bytes);
      longer.set(chunk, bytes.length);
      bytes = longer;
      return undefined;
    },
    ended: (trailers) => grpcStatus(trailers ?? head?.lines ?? []) === 0 && servingStatus(bytes) === SERVING,
  };
}

/** `status` of one message `HealthCheckResponse`, 0 where it is absent; undefined for anything else. */
export function servingStatus(bytes: Uint8Array): number | undefined {
  if (bytes.length < PREFIX_BYTES || bytes[0] !== 0) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  if (length !== bytes.length - PREFIX_BYTES) return undefined;
  let status = 0;
  let at = PREFIX_BYTES;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; at < bytes.length && shift < 35; shift += 7) {
      const byte = bytes[at] as number;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const tag = next();
    const value = next();
    const wireType = tag % 8;
    if (wireType === 2) at += value;
    else if (wireType !== 0) return undefined;
    if (Number.isNaN(value) || at > bytes.length) return undefined;
    if (tag === 8) status = value;
  }
  return status;
}
