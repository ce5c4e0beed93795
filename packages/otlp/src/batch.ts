/** OTLP bytes of one signal: read from a request body, and merged. */

import { type MessageType, messageTypes } from "./wire/fields.ts";
import { proveFraming, type WireDefect } from "./wire/framing.ts";

export type Signal = "traces" | "metrics" | "logs" | "profiles";

/**
 * OTLP bytes of one signal. The concatenation of `parts` is the Export…ServiceRequest message, and each part is such a
 * message by itself. Immutable: nobody may write into the parts.
 */
export interface Batch {
  readonly signal: Signal;
  readonly parts: readonly Uint8Array[];
  /** Spans, metric data points, log records or profiles. */
  readonly items: number;
  /** The sum of the lengths of `parts`. */
  readonly bytes: number;
}

export type BatchReading =
  | {
      readonly kind: "batch";
      readonly batch: Batch;
      /** Are there items `refineBatch` may reject for an id of theirs? Seen in passing; strings are not looked at. */
      readonly suspect: boolean;
    }
  | { readonly kind: "malformed"; readonly defect: WireDefect };

/** The request message of each signal. */
export const requestTypes: Readonly<Record<Signal, MessageType>> = {
  traces: messageTypes.Traces,
  metrics: messageTypes.Metrics,
  logs: messageTypes.Logs,
  profiles: messageTypes.Profiles,
};

/**
 * Reads an uncompressed request body. Proves the framing of every message OTLP defines, down to attribute values, and
 * of every unknown field around them; profiles only down to the single profile. The batch shares the body's memory.
 */
export function readBatch(signal: Signal, body: Uint8Array): BatchReading {
  const framing = proveFraming(requestTypes[signal], body);
  if (framing.kind === "malformed") return framing;
  const { items, suspect } = framing;
  return { kind: "batch", batch: batchOf(signal, body.length === 0 ? [] : [body], items), suspect };
}

/** Can batches of this signal be merged and split? Profiles refer to a dictionary shared by their whole request. */
export function isDivisible(signal: Signal): boolean {
  return signal !== "profiles";
}

/**
 * One batch with everything in `batches`, nothing copied: the concatenation of OTLP requests is an OTLP request. Throws
 * TypeError when there is no batch, when signals differ, or for more than one batch of profiles.
 */
export function mergeBatches(batches: readonly Batch[]): Batch {
  const [first] = batches;
  if (first === undefined) throw new TypeError("batches: there is none to merge");
  if (batches.length === 1) return first;
  const other = batches.find((batch) => batch.signal !== first.signal);
  if (other !== undefined) throw new TypeError(`batches: ${first.signal} cannot be merged with ${other.signal}`);
  if (!isDivisible(first.signal)) throw new TypeError(`batches: ${first.signal} cannot be merged`);
  return batchOf(
    first.signal,
    batches.flatMap((batch) => batch.parts),
    batches.reduce((sum, batch) => sum + batch.items, 0),
  );
}

/** A batch of parts whose framing is proven. */
export function batchOf(signal: Signal, parts: readonly Uint8Array[], items: number): Batch {
  return { signal, parts, items, bytes: parts.reduce((sum, part) => sum + part.length, 0) };
}
