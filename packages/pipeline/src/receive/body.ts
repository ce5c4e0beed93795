/** Reads a request body from the network: bounded in bytes and in time, before and after decompression. */
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { Readable, Transform } from "node:stream";
import type { Lease } from "./budget.ts";

export type BodyReading =
  | { readonly kind: "body"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large" }
  /** The byte budget of all requests together is used up. */
  | { readonly kind: "busy" }
  | { readonly kind: "malformed"; readonly message: string }
  /** The signal aborted before the body was complete. */
  | { readonly kind: "slow" }
  /** The sender went away; nobody is left to answer. */
  | { readonly kind: "gone" };

export type Compression = "gzip" | "zstd";

/** Collects the stream. After any other reading than `body` the caller decides what becomes of the rest of the stream. */
export function readBody(source: Readable, maxBytes: number, lease: Lease, signal: AbortSignal): Promise<BodyReading> {
  return collect(source, maxBytes, lease, signal, { kind: "gone" });
}

/** Decompresses a whole body, and stops as soon as the output passes `maxBytes`. */
export async function inflate(
  bytes: Uint8Array,
  compression: Compression,
  maxBytes: number,
  lease: Lease,
  signal: AbortSignal,
): Promise<BodyReading> {
  const inflater: Transform = compression === "gzip" ? createGunzip() : createZstdDecompress();
  const output = collect(inflater, maxBytes, lease, signal, { kind: "malformed", message: `not valid ${compression}` });
  inflater.end(bytes);
  const reading = await output;
  inflater.destroy();
  lease.give(bytes.byteLength);
  return reading;
}

/** What a chunk costs beside its bytes: a sender may send each byte in a chunk of its own. */
const chunkBytes = 128;

function collect(
  source: Readable,
  maxBytes: number,
  lease: Lease,
  signal: AbortSignal,
  broken: BodyReading,
): Promise<BodyReading> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let total = 0;
    const finish = (reading: BodyReading): void => {
      source.off("data", onData).off("end", onEnd).off("close", onClose);
      signal.removeEventListener("abort", onAbort);
      resolve(reading);
    };
    const onData = (chunk: Uint8Array): void => {
      total += chunk.byteLength;
      if (total > maxBytes) finish({ kind: "too-large" });
      else if (!lease.take(chunk.byteLength + chunkBytes)) finish({ kind: "busy" });
      else chunks.push(chunk);
    };
    const onEnd = (): void => finish({ kind: "body", bytes: join(chunks, total) });
    const onClose = (): void => finish(broken);
    const onAbort = (): void => finish({ kind: "slow" });
    // An error is always followed by close. The listener stays: a late error of an abandoned stream concerns nobody.
    source.on("error", () => {});
    source.on("data", onData).on("end", onEnd).on("close", onClose);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
  });
}

/** Copies into memory of its own: a chunk is a view that keeps the whole read buffer of its socket alive. */
function join(chunks: readonly Uint8Array[], total: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(total);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
