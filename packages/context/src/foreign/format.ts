/** What every header format but W3C's is to this package: its fields, how they are read, how they are written. */
import type { Edit } from "../edits.ts";
import type { FieldLines } from "../field-lines.ts";

export type FormatName =
  | "b3"
  | "b3-multi"
  | "xray"
  | "gcp"
  | "datadog"
  | "grpc-trace-bin"
  | "jaeger"
  | "ot-tracer"
  | "sentry"
  | "azure"
  | "skywalking"
  | "instana"
  | "lightstep";

/** `defer`: the caller left the decision to us. `debug`: accept, and let no sampler say otherwise. */
export type Sampling = "accept" | "deny" | "defer" | "debug";

export interface ForeignContext {
  /** 32 lower-case digits; a 64-bit id is padded with zeros on the left. Undefined where only sampling came. */
  readonly traceId: string | undefined;
  /** 16 lower-case digits. Undefined where no parent came: an AWS load balancer sends a trace id alone. */
  readonly parentId: string | undefined;
  readonly sampling: Sampling;
  /** How many digits of the trace id came: what goes back in this format has as many. */
  readonly idDigits: 16 | 32;
  /** What else the fields held and must not be lost when they are written anew; each format has its own form. */
  readonly rest: string;
}

/** `recognised`: there, but nothing of it can be continued. */
export type ForeignReading =
  | { readonly kind: "valid"; readonly context: ForeignContext }
  | { readonly kind: "malformed" }
  | { readonly kind: "recognised" };

/** What is written: the ids are those of a valid `TraceContext`. */
export interface Outgoing {
  readonly traceId: string;
  readonly parentId: string;
  readonly sampling: Sampling;
  readonly idDigits: 16 | 32;
  /** The `rest` of what came in this format; `""` where it did not come. */
  readonly rest: string;
}

export interface Format {
  readonly name: FormatName;
  /** Lower-case names of every field that belongs to it. */
  readonly fields: readonly string[];
  /** Undefined where none of its fields came. Never throws, whatever the bytes. */
  read(lines: FieldLines): ForeignReading | undefined;
  /** Undefined for a format that is only recognised. */
  readonly write: ((outgoing: Outgoing) => readonly Edit[]) | undefined;
}

export const MALFORMED: ForeignReading = { kind: "malformed" };
export const RECOGNISED: ForeignReading = { kind: "recognised" };

export function validContext(
  traceId: string | undefined,
  parentId: string | undefined,
  sampling: Sampling,
  rest: string = "",
): ForeignReading {
  const idDigits = traceId?.length === 16 ? 16 : 32;
  return {
    kind: "valid",
    context: { traceId: traceId?.padStart(32, "0"), parentId, sampling, idDigits, rest },
  };
}

/** The trace id as long as it came: a 64-bit id is the low half. */
export function sizedTraceId({ traceId, idDigits }: Outgoing): string {
  return idDigits === 16 ? traceId.slice(16) : traceId;
}

export function isRecorded(sampling: Sampling): boolean {
  return sampling === "accept" || sampling === "debug";
}
