/** Beside the fourth phase: a copy of the request for a second upstream. The request itself never waits for it. */
import type { FieldLines, Upstream } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import { grpcStatus, saysUnavailable } from "../grpc.ts";
import type { MirrorOf } from "../mirror-options.ts";
import { suffixHost } from "../mirror-options.ts";
import type { Passed } from "../passed.ts";
import { NO_TRIES } from "../passed.ts";
import type { Alpn, AnswerHead, Call, CallEvents } from "../plane/plane.ts";
import { CANCEL } from "../reset.ts";
import { tryFinish } from "../spans.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Service } from "../upstream/service.ts";
import type { Copy } from "./copy.ts";
import { crossCopy } from "./copy.ts";
import { outgoingHead } from "./outgoing.ts";
import { passedOf, tell } from "./tell.ts";

/** Begins the copy of a request whose route asks for one. What goes wrong with it is no concern of the request. */
export function beginMirror(exchange: Exchange): Mirror | undefined {
  const { crossed, route, caller, site } = exchange;
  const mirror = route?.mirror;
  // What has left HTTP cannot be copied.
  if (mirror === undefined || crossed === undefined || caller.head.upgrade !== undefined) return undefined;
  if (mirror.share < 1 && site.random() >= mirror.share) return undefined;
  try {
    return new Mirror(exchange, mirror, crossCopy(exchange, crossed, mirror));
  } catch {
    return undefined;
  }
}

export class Mirror implements CallEvents {
  readonly #exchange: Exchange;
  readonly #mirror: MirrorOf<Service>;
  readonly #copy: Copy;
  readonly #startMs: number;
  #endpoint: Endpoint | undefined;
  #call: Call | undefined;
  /** It is connected, and its body has not ended. */
  #open = false;
  #full = false;
  #flowing = false;
  #again = false;
  /** Chunks of the body that the mirror has yet to take, and what comes behind them. */
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  #end: { readonly trailers: FieldLines | undefined } | undefined;
  #timer: { cancel(): void } | undefined;
  #upstream: Upstream | undefined;
  #status: number | undefined;
  #unavailable = false;
  #grpcStatus: number | undefined;
  #answerBytes = 0;
  #over = false;

  constructor(exchange: Exchange, mirror: MirrorOf<Service>, copy: Copy) {
    this.#exchange = exchange;
    this.#mirror = mirror;
    this.#copy = copy;
    this.#startMs = exchange.site.clock.now();
    if (exchange.body === "none") this.#end = { trailers: undefined };
  }

  start(): void {
    const { to } = this.#mirror;
    const endpoint = to.pick(this.#exchange.caller.head.lines);
    if (endpoint === undefined || !to.admit())
      return this.#tell(failureOf(endpoint === undefined ? "unreachable" : "busy"));
    this.#endpoint = endpoint;
    endpoint.enter();
    if (this.#end !== undefined) this.#awaitAnswer();
    this.#send();
  }

  write(chunk: Uint8Array): void {
    if (this.#over) return;
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    this.#flush();
    if (this.#heldBytes > this.#mirror.bufferBytes) this.#breakOff(failureOf("abandoned"));
  }

  end(trailers: FieldLines | undefined): void {
    if (this.#over) return;
    this.#end = { trailers };
    this.#awaitAnswer();
    this.#flush();
  }

  /** The request is over: a copy whose body is not whole never will be. */
  requestOver(): void {
    if (this.#end === undefined) this.#breakOff(failureOf("client-gone"));
  }

  connected(address: string, port: number, localPort: number | undefined, protocol: Alpn | undefined): void {
    const { name, host } = this.#mirror.to;
    this.#upstream = { name, host, address, port, localPort, protocol };
    this.#open = this.#exchange.body !== "none";
    this.#flush();
  }

  informed(): void {
    // As little as the answer itself.
  }

  answered(head: AnswerHead): void {
    const { grpc } = this.#exchange;
    this.#status = head.status;
    this.#unavailable = saysUnavailable(head, grpc);
    if (grpc) this.#grpcStatus = grpcStatus(head.lines);
  }

  /** It is read all the same: then the connection can be used again. */
  body(chunk: Uint8Array): void {
    this.#answerBytes += chunk.length;
  }

  ended(trailers: FieldLines | undefined): void {
    if (trailers !== undefined && this.#exchange.grpc) this.#grpcStatus = grpcStatus(trailers) ?? this.#grpcStatus;
    if (this.#end === undefined) this.#call?.cancel(CANCEL);
    this.#finish(undefined);
  }

  drained(): void {
    this.#full = false;
    this.#flush();
  }

  failed(failure: Failure): void {
    if (this.#over) return;
    if (!failure.retry || this.#flowing || this.#again) return this.#finish(failure);
    this.#again = true;
    this.#send();
  }

  #send(): void {
    const { to, hostSuffix } = this.#mirror;
    const head = outgoingHead(this.#exchange, to, this.#copy.lines);
    this.#open = false;
    this.#call = this.#endpoint?.connections.send({ ...head, authority: suffixHost(head.authority, hostSuffix) }, this);
    this.#flush();
  }

  /** As much as the mirror takes now. */
  #flush(): void {
    const call = this.#call;
    if (call === undefined || !this.#open) return;
    let taken = 0;
    while (!this.#full && taken < this.#held.length) {
      const chunk = this.#held[taken] as Uint8Array;
      taken += 1;
      this.#heldBytes -= chunk.length;
      this.#flowing = true;
      this.#full = !call.write(chunk);
    }
    if (taken > 0) this.#held.splice(0, taken);
    if (this.#held.length > 0 || this.#end === undefined || this.#over) return;
    this.#open = false;
    call.end(this.#end.trailers);
  }

  #awaitAnswer(): void {
    const { answerMs, totalMs } = this.#mirror.to.settings.timeouts;
    const { clock } = this.#exchange.site;
    const ms = Math.min(answerMs, totalMs + this.#startMs - clock.now());
    if (!Number.isFinite(ms)) return;
    this.#timer = clock.after(ms, () =>
      this.#breakOff(this.#status === undefined ? failureOf("answer-timeout") : undefined),
    );
  }

  #breakOff(failure: Failure | undefined): void {
    this.#call?.cancel(CANCEL);
    this.#finish(failure);
  }

  #finish(failure: Failure | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#held.length = 0;
    this.#timer?.cancel();
    const { to } = this.#mirror;
    const endpoint = this.#endpoint;
    if (endpoint !== undefined) {
      if (failure?.side === "upstream" && failure.kind !== "busy") to.report(endpoint, true);
      else if (this.#status !== undefined) to.report(endpoint, this.#unavailable);
      endpoint.leave();
      to.leave();
    }
    this.#tell(failure);
  }

  #tell(failure: Failure | undefined): void {
    this.#over = true;
    const { passage, grant } = this.#copy;
    const { site } = this.#exchange;
    if (grant === undefined && site.observer?.mirrored === undefined) return;
    const ending = {
      startMs: this.#startMs,
      upstream: this.#upstream,
      service: this.#mirror.to,
      status: this.#status,
      grpcStatus: this.#grpcStatus,
      answer: undefined,
      answerBytes: this.#answerBytes,
      failure,
      tries: NO_TRIES,
    };
    const passed: Passed = { ...passedOf(this.#exchange, passage, ending), mirrored: true };
    if (grant !== undefined) tryFinish(grant, passed);
    tell(site.observer, passed, "mirrored");
  }
}
