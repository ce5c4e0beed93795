/** The record of one passage of a boundary, and who is told of it. */
import type { Boundary, Side } from "./boundary.ts";
import type { FieldLines } from "./field-lines.ts";
import { fieldValue } from "./field-value.ts";
import type { OwnSpans } from "./judge.ts";
import type { Passage } from "./passage.ts";
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
  /** What its URL names, without brackets: where that is a name, the address is what it led to. */
  readonly host?: string | undefined;
  /** What was spoken there, where that is known and HTTP: the caller's may be another. */
  readonly protocol?: "http/1.1" | "h2" | undefined;
}

/** Why an exchange did not end with the upstream's own complete answer. */
export interface CrossingFailure {
  readonly kind: string;
  readonly side: "upstream" | "downstream" | "internal";
}

/**
 * Of one that `crossingOf` made, what the head says is worked out when it is first asked for: `alterCrossing` copies it
 * whole, a spread only what is there already. `JSON.stringify` writes all of it.
 */
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

/** One request and its answer once they are over, as whoever carried them knows them. */
export interface Exchanged
  extends
    Pick<
      Crossing,
      "startMs" | "endMs" | "protocol" | "scheme" | "method" | "authority" | "downstream" | "status" | "failure"
    >,
    Partial<Pick<Crossing, "upstream" | "grpcStatus" | "answer">> {
  /** The request target; a query is left out of the crossing. */
  readonly target: string;
  /** As they came. */
  readonly lines: FieldLines;
}

/** The record of a passage. Nothing that only explains it costs anything until it is asked for. */
export function crossingOf(passage: Passage, exchanged: Exchanged): Crossing {
  return new PassageCrossing(passage, exchanged);
}

/** A plain copy, whole, with other values for some parts. */
export function alterCrossing<Whole extends Crossing>(crossing: Whole, changes: Partial<Whole>): Whole {
  const { reading, verdict, userAgent, requestId } = crossing;
  return { ...crossing, reading, verdict, userAgent, requestId, ...changes };
}

class PassageCrossing implements Crossing {
  readonly boundary: string;
  readonly side: Side;
  readonly cluster: string;
  readonly spans: OwnSpans | undefined;
  readonly startMs: number;
  readonly endMs: number;
  readonly protocol: Crossing["protocol"];
  readonly scheme: Crossing["scheme"];
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly downstream: Peer | undefined;
  readonly upstream: Upstream | undefined;
  readonly status: number | undefined;
  readonly grpcStatus: number | undefined;
  readonly failure: CrossingFailure | undefined;
  readonly answer: TraceResponse | undefined;
  readonly #passage: Passage;
  readonly #lines: FieldLines;

  constructor(passage: Passage, exchanged: Exchanged) {
    const { boundary } = passage;
    const { startMs, target } = exchanged;
    const query = target.indexOf("?");
    this.boundary = boundary.name;
    this.side = boundary.side;
    this.cluster = boundary.cluster;
    this.spans = passage.spans;
    this.startMs = startMs;
    this.endMs = Math.max(startMs, exchanged.endMs);
    this.protocol = exchanged.protocol;
    this.scheme = exchanged.scheme;
    this.method = exchanged.method;
    this.path = query < 0 ? target : target.slice(0, query);
    this.authority = exchanged.authority;
    this.downstream = exchanged.downstream;
    this.upstream = exchanged.upstream;
    this.status = exchanged.status;
    this.grpcStatus = exchanged.grpcStatus;
    this.failure = exchanged.failure;
    this.answer = exchanged.answer;
    this.#passage = passage;
    this.#lines = exchanged.lines;
  }

  get reading(): Reading {
    return this.#passage.reading;
  }

  get verdict(): Verdict {
    return this.#passage.verdict;
  }

  get userAgent(): string | undefined {
    return fieldValue(this.#lines, "user-agent");
  }

  get requestId(): string | undefined {
    return requestIdOf(this.#passage.boundary, this.#passage.reading, this.#lines);
  }

  toJSON(): Crossing {
    return alterCrossing<Crossing>(this, {});
  }

  /** What `console.log` shows on Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): Crossing {
    return this.toJSON();
  }
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
