/** Fifth phase: the answer goes back: informational heads, head, body and trailers, as fast as the caller takes them. */
import type { FieldLines } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import { grpcStatus } from "../grpc.ts";
import { endToEnd } from "../hop-by-hop.ts";
import type { AnswerHead, CallEvents } from "../plane/plane.ts";
import { toTrailers } from "../trailers.ts";
import { send } from "./forward.ts";

/** Resolves when the caller has the whole answer, or with what came in between. */
export function relay(exchange: Exchange): Promise<Failure | undefined> {
  return exchange.carried;
}

export class Relaying implements CallEvents {
  readonly #exchange: Exchange;
  #attempts = 1;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  connected(address: string, port: number, localPort: number | undefined): void {
    const exchange = this.#exchange;
    if (exchange.over) return;
    exchange.upstream = { name: exchange.service?.target.name ?? "", address, port, localPort };
    if (exchange.body === "none") return exchange.awaitAnswer();
    exchange.touch();
    exchange.caller.resume();
  }

  informed(status: number, lines: FieldLines): void {
    const exchange = this.#exchange;
    if (exchange.over || exchange.status !== undefined) return;
    exchange.caller.inform(status, endToEnd(lines));
  }

  answered(head: AnswerHead): void {
    const exchange = this.#exchange;
    if (exchange.over) return;
    const lines = endToEnd(head.lines);
    try {
      exchange.caller.answer(lines === head.lines ? head : { ...head, lines });
    } catch {
      return exchange.settle(failureOf("bad-answer"));
    }
    exchange.status = head.status;
    exchange.touch();
    if (exchange.grpc) exchange.grpcStatus = grpcStatus(lines);
    if (head.status === 101) exchange.caller.resume();
  }

  body(chunk: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange.over) return;
    exchange.touch();
    if (!exchange.caller.write(chunk)) exchange.call?.pause();
  }

  ended(trailers: FieldLines | undefined): void {
    const exchange = this.#exchange;
    exchange.answering = false;
    if (exchange.over) return;
    if (trailers === undefined) return exchange.caller.end(undefined);
    if (exchange.grpc) exchange.grpcStatus = grpcStatus(trailers) ?? exchange.grpcStatus;
    exchange.caller.end(toTrailers(trailers));
  }

  drained(): void {
    const exchange = this.#exchange;
    if (!exchange.over && exchange.sending) exchange.caller.resume();
  }

  /** A request that the upstream did not take is sent once more, where nothing of its body is gone yet. */
  failed(failure: Failure): void {
    const exchange = this.#exchange;
    exchange.answering = false;
    exchange.sending = false;
    if (exchange.over) return;
    if (failure.retry && this.#attempts === 1 && exchange.body === "none" && exchange.status === undefined) {
      this.#attempts += 1;
      return send(exchange, this);
    }
    exchange.settle(failure);
  }
}
