/** One request and its answer while they are in the proxy: what the phases leave for each other. */
import type { Boundary, FieldLines, Observer, Passage, Upstream } from "@tracemend/context";
import type { Clock } from "./clock.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import type { Failure } from "./failure.ts";
import { failureOf } from "./failure.ts";
import type { BodyKind, Call, Caller, Connections, Limits, Timeouts, UpstreamTarget } from "./plane/plane.ts";
import { CANCEL, NO_ERROR } from "./reset.ts";
import type { Routed } from "./routing.ts";
import type { SpanGrant, SpanSource } from "./spans.ts";

/** An upstream and the connections to it. */
export interface Service {
  readonly target: UpstreamTarget;
  readonly connections: Connections;
}

/** What every exchange of one proxy shares. */
export interface Site {
  readonly boundary: Boundary;
  readonly routes: readonly Routed<Service>[];
  readonly spans: SpanSource | undefined;
  readonly observer: Observer | undefined;
  readonly clock: Clock;
  readonly deadlines: Deadlines<Exchange>;
  readonly timeouts: Timeouts;
  readonly limits: Limits;
}

export class Exchange implements Deadline {
  readonly site: Site;
  readonly caller: Caller;
  readonly startMs: number;

  /** Of the request, once received. */
  authority = "";
  target = "";
  grpc = false;
  body: BodyKind = "none";
  bodyBytes = 0;

  /** Of the boundary, once crossed. */
  passage: Passage | undefined;
  grant: SpanGrant | undefined;
  lines: FieldLines = [];

  service: Service | undefined;

  /** Of the call, once forwarded. */
  call: Call | undefined;
  upstream: Upstream | undefined;
  /** The caller can still send. */
  sending: boolean = false;
  /** The upstream can still send. */
  answering: boolean = false;

  /** Of the answer, once its head was handed to the caller. */
  status: number | undefined;
  grpcStatus: number | undefined;

  deadlineMs: number = Number.POSITIVE_INFINITY;
  place = -1;

  /** How carrying ended; undefined where the caller got the upstream's whole answer. */
  readonly carried: Promise<Failure | undefined>;
  #end: ((failure: Failure | undefined) => void) | undefined;

  constructor(site: Site, caller: Caller) {
    this.site = site;
    this.caller = caller;
    this.startMs = site.clock.now();
    this.carried = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get over(): boolean {
    return this.#end === undefined;
  }

  /** Ends the carrying, once; what is still open toward the upstream is broken off. */
  settle(failure: Failure | undefined): void {
    const end = this.#end;
    if (end === undefined) return;
    this.#end = undefined;
    this.site.deadlines.remove(this);
    if (this.sending || this.answering) this.call?.cancel(failure === undefined ? NO_ERROR : CANCEL);
    end(failure);
  }

  /** Bytes have moved. */
  touch(): void {
    const { clock, timeouts } = this.site;
    this.deadlineMs = clock.now() + timeouts.idleMs;
  }

  /** The request is complete: now the upstream owes an answer. */
  awaitAnswer(): void {
    const { clock, timeouts } = this.site;
    if (this.status === undefined) this.deadlineMs = clock.now() + (this.grpc ? timeouts.idleMs : timeouts.answerMs);
  }

  expired(): void {
    if (this.status !== undefined) this.settle(failureOf("idle-timeout"));
    else if (this.upstream === undefined) this.settle(failureOf("busy"));
    else this.settle(failureOf(this.sending ? "client-stalled" : "answer-timeout"));
  }
}
