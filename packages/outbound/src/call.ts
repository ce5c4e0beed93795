/** The record of one outgoing call, and who is told of it. */

import type { TraceResponse } from "@tracemend/context";

/** Which client the call was made with. */
export type Api = "undici" | "fetch" | "http" | "http2" | "grpc";

/**
 * `kept`: the call's own context leaves. `carried`: the context of the request being handled was put on it. `single`: it
 * had several contexts and leaves with one. `withheld`: its trace fields were removed. `reported`: it would have been
 * changed, were the level `on`, or its head could not be changed any more. `left`: there was nothing to do.
 */
export type CallAction = "kept" | "carried" | "single" | "withheld" | "reported" | "left";

/** The closed list of reasons. */
export type CallReason =
  | "has-context"
  | "other-trace"
  | "no-context"
  | "invalid-context"
  | "several-contexts"
  | "foreign-target"
  | "nothing-to-carry"
  | "request-over"
  | "head-sealed";

export interface Call {
  readonly api: Api;
  readonly method: string;
  /** `host` or `host:port`, as the call names it. */
  readonly target: string;
  /** Without its query. */
  readonly path: string;
  /** The request that was being handled; undefined where the call was made outside of any. */
  readonly handling: { readonly method: string; readonly route: string } | undefined;
  readonly action: CallAction;
  readonly reason: CallReason;
  /** What left; undefined where no `traceparent` did. */
  readonly traceparent: string | undefined;
  /** `file:line:column` of the code that made the call, where `locate` asks for it and it can be told. */
  readonly location: string | undefined;
}

/** An answer that names the span which served the call: `traceresponse`, or a metric of `Server-Timing`. */
export interface Answer extends Pick<Call, "api" | "method" | "target" | "path" | "handling" | "traceparent"> {
  readonly served: TraceResponse;
  /** Whether the service that was called went on with the trace that left. */
  readonly continued: boolean;
}

/** Told of every call that was changed, or would have been, or left with another trace than the request's. */
export interface CallObserver {
  called(call: Call): void;
  /** Told of every answer by `fetch`, undici, `node:http` and `node:https` that names a span. */
  answered?(answer: Answer): void;
}

export type CallCounts = Readonly<Record<CallAction, number>>;
