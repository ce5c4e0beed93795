/** One request and its answer while they are in the proxy: what the phases leave for each other. */
import type { FieldLines, Passage, TraceResponse, Upstream } from "@tracemend/context";
import type { Deadline } from "./deadlines.ts";
import type { Failure } from "./failure.ts";
import { failureOf } from "./failure.ts";
import type { Try } from "./passed.ts";
import { NO_TRIES } from "./passed.ts";
import type { Mirror } from "./phases/mirror.ts";
import type { BodyKind, Call, CallEvents, Caller } from "./plane/plane.ts";
import { CANCEL, NO_ERROR } from "./reset.ts";
import type { KeptBody } from "./kept-body.ts";
import type { RouteOf } from "./route-options.ts";
import type { ExchangeTimeouts } from "./upstream/options.ts";
import type { Site } from "./site.ts";
import type { SpanGrant } from "./spans.ts";
import type { Endpoint } from "./upstream/endpoint.ts";
import type { Service } from "./upstream/service.ts";

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
  answerBytes = 0;

  /** Of the way it takes, once routed. */
  route: RouteOf<Service> | undefined;
  service: Service | undefined;

  /** Of the boundary, once crossed. */
  crossed: Passage | undefined;
  grant: SpanGrant | undefined;
  lines: FieldLines = [];

  /** Of the present try, once forwarded. */
  answer: CallEvents | undefined;
  endpoint: Endpoint | undefined;
  call: Call | undefined;
  upstream: Upstream | undefined;
  /** The caller can still send. */
  sending: boolean = false;
  /** The upstream can still send. */
  answering: boolean = false;
  /** The caller takes no more of the answer for now. */
  full = false;
  /** The request's body has begun to flow: it cannot be sent again, unless all of it that came is kept. */
  flowing: boolean = false;
  kept: KeptBody | undefined;
  tryStartMs = 0;
  trySpanId: string | undefined;
  mirror: Mirror | undefined;

  /** Of the tries before it. */
  tries: readonly Try[] = NO_TRIES;
  retrying = false;
  pause: { cancel(): void } | undefined;

  /** Of the answer, once its head was handed to the caller. */
  status: number | undefined;
  grpcStatus: number | undefined;
  /** The context that the upstream's answer named. */
  named: TraceResponse | undefined;

  /** Of the route where it has its own, else of the upstream; once forwarded. */
  timeouts: ExchangeTimeouts | undefined;
  deadlineMs: number = Number.POSITIVE_INFINITY;
  place = -1;
  /** Epoch milliseconds: no answer may take longer. */
  limitMs: number = Number.POSITIVE_INFINITY;

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
    this.breakOff(failure === undefined ? NO_ERROR : CANCEL);
    this.mirror?.requestOver();
    if (this.answer !== undefined) this.service?.leave();
    end(failure);
  }

  /** Ends the present try; nothing more is told of it. */
  breakOff(code: number): void {
    this.pause?.cancel();
    if (this.sending || this.answering) this.call?.cancel(code);
    this.sending = false;
    this.answering = false;
    this.endpoint?.leave();
    this.endpoint = undefined;
    if (this.retrying) this.service?.retried();
    this.retrying = false;
  }

  /** Bytes have moved. A tunnel that both sides keep open may be idle for as long as they like. */
  touch(): void {
    if (this.timeouts === undefined) return;
    const both = this.status === 101 && this.sending && this.answering;
    this.#arm(both ? Number.POSITIVE_INFINITY : this.timeouts.idleMs);
  }

  /** The request is complete: now the upstream owes an answer. */
  awaitAnswer(): void {
    const { timeouts, service } = this;
    if (service === undefined || timeouts === undefined || this.status !== undefined) return;
    this.#arm(Math.min(this.grpc ? timeouts.idleMs : timeouts.answerMs, service.settings.retry.tryMs));
  }

  #arm(ms: number): void {
    this.deadlineMs = Math.min(this.limitMs, this.site.clock.now() + ms);
  }

  expired(): void {
    const late = this.site.clock.now() >= this.limitMs;
    if (this.status !== undefined) {
      const idle = this.full ? "client-stalled" : "idle-timeout";
      return this.settle(failureOf(late ? "total-timeout" : idle));
    }
    const failure = late ? failureOf("total-timeout") : failureOf(this.#missed());
    // Of a try that is broken off here nobody else tells.
    if (this.sending || this.answering) this.call?.cancel(CANCEL);
    this.answer?.failed(failure);
  }

  #missed(): "busy" | "client-stalled" | "answer-timeout" {
    if (this.upstream === undefined) return "busy";
    return this.sending ? "client-stalled" : "answer-timeout";
  }
}
