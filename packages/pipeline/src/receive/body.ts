/** Reads a request body from the network: bounded in bytes and in time, before and after decompression. */
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { Readable, Transform } from "node:stream";
import { isOneMember } from "../compressed.ts";
import { ownBytes } from "../memory.ts";
import type { Held, Lease } from "./budget.ts";

export interface Body {
  readonly kind: "body";
  readonly bytes: Uint8Array;
  /** Where they are; undefined for a body without bytes. */
  readonly held: Held | undefined;
  /** The body as it came, when it came as one gzip member. */
  readonly gzip?: Uint8Array;
}

export type BodyReading =
  | Body
  | { readonly kind: "too-large" }
  /** The byte budget of all requests together is used up. */
  | { readonly kind: "busy" }
  | { readonly kind: "malformed"; readonly message: string }
  /** The signal aborted before the body was complete. */
  | { readonly kind: "slow" }
  /** The sender went away; nobody is left to answer. */
  | { readonly kind: "gone" };

export type Compression = "gzip" | "zstd";

/**
 * Collects the stream; `expectedBytes` is what the sender says it will be, or 0. The body is in memory of the lease. After
 * any other reading than `body` the caller decides what becomes of the rest of the stream.
 */
export function readBody(
  source: Readable,
  expectedBytes: number,
  maxBytes: number,
  lease: Lease,
  signal: AbortSignal,
): Promise<BodyReading> {
  return collect(source, { expectedBytes, maxBytes, lease, signal, copied: free, broken: { kind: "gone" } });
}

/** Decompresses a whole body in memory of the lease, and stops as soon as the output passes `maxBytes`. */
export async function inflate(
  body: Body,
  compression: Compression,
  maxBytes: number,
  lease: Lease,
  signal: AbortSignal,
): Promise<BodyReading> {
  const options = { chunkSize: inflatedChunkBytes };
  const inflater: Transform = compression === "gzip" ? createGunzip(options) : createZstdDecompress(options);
  const broken: BodyReading = { kind: "malformed", message: `not valid ${compression}` };
  const expectedBytes = usualRatio * body.bytes.byteLength;
  const output = collect(inflater, { expectedBytes, maxBytes, lease, signal, copied: () => {}, broken });
  inflater.end(body.bytes);
  const reading = await output;
  inflater.destroy();
  const isKept = reading.kind === "body" && compression === "gzip" && isOneMember(body.bytes, reading.bytes.byteLength);
  const gzip = isKept ? { gzip: ownBytes(body.bytes) } : {};
  if (body.held !== undefined) lease.give(body.held);
  return { ...reading, ...gzip };
}

/** Each chunk takes a turn of the thread pool. */
const inflatedChunkBytes = 128 * 1024;
/** What batches of spans are compressed to, roughly. */
const usualRatio = 4;
/** So many times what came is made ready for what was announced: an announcement alone costs its sender nothing. */
const mostAhead = 16;

interface Collecting {
  readonly expectedBytes: number;
  readonly maxBytes: number;
  readonly lease: Lease;
  readonly signal: AbortSignal;
  /** Called with each chunk that was copied. */
  readonly copied: (chunk: Uint8Array) => void;
  /** The reading when the stream closes before its end. */
  readonly broken: BodyReading;
}

function collect(source: Readable, options: Collecting): Promise<BodyReading> {
  const { expectedBytes, maxBytes, lease, signal } = options;
  return new Promise((resolve) => {
    let held: Held | undefined;
    let total = 0;
    const finish = (reading: BodyReading): void => {
      source.off("data", onData).off("end", onEnd).off("close", onClose);
      signal.removeEventListener("abort", onAbort);
      resolve(reading);
    };
    const hasRoom = (bytes: number): boolean => {
      const capacity = held?.countedBytes ?? 0;
      if (bytes <= capacity) return true;
      const wanted = Math.max(bytes, 2 * capacity, Math.min(expectedBytes, mostAhead * bytes));
      const grown = lease.grow(Math.min(wanted, maxBytes), held) ?? lease.grow(bytes, held);
      held = grown ?? held;
      return grown !== undefined;
    };
    const onData = (chunk: Uint8Array): void => {
      const end = total + chunk.byteLength;
      if (end > maxBytes) return finish({ kind: "too-large" });
      if (!hasRoom(end)) return finish({ kind: "busy" });
      held?.bytes.set(chunk, total);
      total = end;
      options.copied(chunk);
    };
    const onEnd = (): void => {
      const bytes = held?.bytes.subarray(0, total) ?? new Uint8Array(0);
      finish({ kind: "body", bytes, held });
    };
    const onClose = (): void => finish(options.broken);
    const onAbort = (): void => finish({ kind: "slow" });
    // An error is always followed by close. The listener stays: a late error of an abandoned stream concerns nobody.
    source.on("error", () => {});
    source.on("data", onData).on("end", onEnd).on("close", onClose);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
  });
}

/**
 * Frees a chunk that has memory of its own now, and not when the garbage collector comes by: that is a quarter of what
 * receiving costs. A chunk that is part of something larger is left alone.
 */
function free(chunk: Uint8Array): void {
  const { buffer } = chunk;
  if (buffer instanceof ArrayBuffer && chunk.byteLength === buffer.byteLength) buffer.transfer(0);
}
