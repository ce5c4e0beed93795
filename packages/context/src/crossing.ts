/** The record of one passage of a boundary, and who is told of it. */
import type { Boundary, Side } from "./boundary.ts";
import type { FieldLines } from "./field-lines.ts";
import { fieldValue } from "./field-value.ts";
import type { OwnSpans } from "./judge.ts";
import type { Reading } from "./reading.ts";
import type { TraceResponse } from "./traceresponse.ts";
import type { Verdict } from "./verdict.ts";

export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** Where a request went. */
export interface Upstream extends Peer {
  /** The name the configuration gives it: the service that is called. */
  readonly name: string;
  /** Our end of the connection it went over: joins a SERVER span that names its peer with this crossing. */
  readonly localPort: number | undefined;
}

/** Why an exchange did not end with the upstream's own complete answer. */
export interface CrossingFailure {
  readonly kind: string;
  readonly side: "upstream" | "downstream" | "internal";
}

export interface Crossing {
  /** The boundary's name. */
  readonly boundary: string;
  readonly side: Side;
  readonly cluster: string;
  readonly reading: Reading;
  readonly verdict: Verdict;
  /** Our SERVER and CLIENT span of it; undefined where none were accepted for export. */
  readonly spans: OwnSpans | undefined;
  /** Epoch milliseconds, fractions allowed. */
  readonly startMs: number;
  readonly endMs: number;
  readonly protocol: "http/1.0" | "http/1.1" | "h2";
  readonly scheme: "http" | "https";
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** `Host` or `:authority`. */
  readonly authority: string;
  readonly userAgent: string | undefined;
  /** The caller's `x-request-id`, once any carrier in it is taken out. */
  readonly requestId: string | undefined;
  readonly downstream: Peer | undefined;
  /** Undefined where no route matched or nothing could be called. */
  readonly upstream: Upstream | undefined;
  /** The status that left, undefined where none did. */
  readonly status: number | undefined;
  /** `grpc-status` of the answer; undefined for anything but gRPC. */
  readonly grpcStatus: number | undefined;
  readonly failure: CrossingFailure | undefined;
  /** The context that the upstream's answer named (`readTraceresponse` of its head); absent where none was looked for. */
  readonly answer?: TraceResponse | undefined;
}

/** Keeps a runtime that ends with its answer until the work is done: `ctx.waitUntil` of fetch runtimes. */
export type WaitUntil = (work: Promise<unknown>) => void;

/** Called synchronously, once for each crossing, after it has ended; `waitUntil` where the runtime has it. */
export interface Observer {
  crossed(crossing: Crossing, waitUntil?: WaitUntil): void;
}

/** Tells every observer; what one throws reaches neither the others nor the request. */
export function tellAll(observers: readonly Observer[]): Observer {
  return {
    crossed(crossing, waitUntil) {
      for (const observer of observers) {
        try {
          observer.crossed(crossing, waitUntil);
        } catch {
          // An observer watches; it has no say in the request it watches.
        }
      }
    },
  };
}

/** The caller's own request id; where our carrier travels in that field, it stands inside the carrier. */
export function requestIdOf({ policy }: Boundary, { original }: Reading, lines: FieldLines): string | undefined {
  return policy.carrier?.field === "x-request-id" ? original : fieldValue(lines, "x-request-id");
}
