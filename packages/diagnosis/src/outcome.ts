/** The method of a request and the status of its answer in one byte, as both sides of a hop know them. */
import type { Crossing } from "@tracemend/context";
import { GRPC_STATUS_NAMES } from "@tracemend/otlp";

/** The bits of a byte that tell the method, and those that tell the status; all 0 where it is not known. */
export const METHOD_BITS = 0xe0;
export const STATUS_BITS = 0x1f;

const METHOD_AT = 5;

/** By the length and the first letter, which no two share; other methods are one. */
const METHODS: ReadonlyMap<number, number> = new Map(
  ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"].map((method, at) => [
    method.length * 256 + method.charCodeAt(0),
    (at + 1) << METHOD_AT,
  ]),
);
const OTHER_METHOD: number = 7 << METHOD_AT;

/** Two statuses of one remainder are hardly met on one path. */
const STATUSES: number = STATUS_BITS;

const GRPC_CODES: ReadonlyMap<string, number> = new Map(GRPC_STATUS_NAMES.map((name, code) => [name, code]));

/** Of a request that was answered: gRPC has one method, and a status of its own. */
export function outcomeOf({ method, status, grpcStatus }: Pick<Crossing, "method" | "status" | "grpcStatus">): number {
  if (grpcStatus !== undefined) return statusBits(grpcStatus);
  return methodBits(method.length, method.charCodeAt(0)) | (status === undefined ? 0 : statusBits(status));
}

/** By the length of the method and the code of its first letter. */
export function methodBits(length: number, initial: number): number {
  return METHODS.get(length * 256 + initial) ?? OTHER_METHOD;
}

/** Of an HTTP status or the number of a gRPC status. */
export function statusBits(status: number): number {
  return 1 + (status % STATUSES);
}

/** Of a gRPC status by its name; 0 for what is none. */
export function namedStatusBits(name: string): number {
  const code = GRPC_CODES.get(name);
  return code === undefined ? 0 : statusBits(code);
}

/** Whether two may be of one request: neither tells what the other does not. */
export function mayBeSame(one: number, other: number): boolean {
  const differ = one ^ other;
  return !(
    ((differ & METHOD_BITS) !== 0 && (one & METHOD_BITS) !== 0 && (other & METHOD_BITS) !== 0) ||
    ((differ & STATUS_BITS) !== 0 && (one & STATUS_BITS) !== 0 && (other & STATUS_BITS) !== 0)
  );
}
