/** Fifth phase: the answer goes back: informational heads, head, body and trailers, as fast as the caller takes them. */
import type { FieldLines } from "@tracemend/context";
import { readTraceresponse } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import { grpcStatus, saysUnavailable } from "../grpc.ts";
import { endToEnd } from "../hop-by-hop.ts";
import type { Alpn, AnswerHead, CallEvents } from "../plane/plane.ts";
import { opensTunnel } from "../plane/tunnel.ts";
import type { Service } from "../upstream/service.ts";
import { toTrailers } from "../trailers.ts";
import { flow } from "./forward.ts";
import { answerLines } from "./named.ts";
import { retry, statusToRetry } from "./retry.ts";

/** Resolves when the caller has the whole answer, or with what came in between. */
export function relay(exchange: Exchange): Promise<Failure | undefined> {
  return exchange.carried;
}

function isFailed(exchange: Exchange, { settings }: Service, head: AnswerHead): boolean {
  const { statuses, grpcStatuses } = settings.retry;
  if (statuses.includes(head.status)) return true;
  const code = statusToRetry(exchange, head);
  return code !== undefined && grpcStatuses.includes(code);
}

export class Relaying implements CallEvents {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  connected(address: string, port: number, localPort: number | undefined, protocol: Alpn | undefined): void {
    const exchange = this.#exchange;
    if (exchange.over) return;
    const { name = "", host } = exchange.service ?? {};
    exchange.upstream = { name, host, address, port, localPort, protocol };
    if (exchange.call !== undefined) flow(exchange);
  }

  informed(status: number, lines: FieldLines): void {
    const exchange = this.#exchange;
    if (exchange.over || exchange.status !== undefined) return;
    exchange.caller.inform(status, endToEnd(lines));
  }

  answered(head: AnswerHead): void {
    const exchange = this.#exchange;
    if (exchange.over) return;
    const { service, endpoint } = exchange;
    if (service !== undefined && endpoint !== undefined) {
      service.report(endpoint, saysUnavailable(head, exchange.grpc));
      const failed = isFailed(exchange, service, head);
      if (failed && retry(exchange, failureOf("refused"), this, head)) return;
    }
    exchange.kept = undefined;
    if (exchange.site.observer !== undefined) exchange.named = readTraceresponse(head.lines);
    const lines = answerLines(exchange, endToEnd(head.lines));
    try {
      exchange.caller.answer(lines === head.lines ? head : { ...head, lines });
    } catch {
      return exchange.settle(failureOf("bad-answer"));
    }
    exchange.status = head.status;
    exchange.touch();
    if (exchange.grpc) exchange.grpcStatus = grpcStatus(lines);
    if (opensTunnel(exchange.caller.head.upgrade, head.status)) exchange.caller.resume();
  }

  body(chunk: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange.over) return;
    exchange.touch();
    exchange.answerBytes += chunk.length;
    if (exchange.caller.write(chunk)) return;
    exchange.full = true;
    exchange.call?.pause();
  }

  ended(trailers: FieldLines | undefined): void {
    const exchange = this.#exchange;
    exchange.answering = false;
    if (exchange.over) return;
    if (exchange.status === 101) exchange.touch();
    if (trailers === undefined) return exchange.caller.end(undefined);
    if (exchange.grpc) exchange.grpcStatus = grpcStatus(trailers) ?? exchange.grpcStatus;
    exchange.caller.end(toTrailers(trailers));
  }

  drained(): void {
    const exchange = this.#exchange;
    if (!exchange.over && exchange.sending) exchange.caller.resume();
  }

  failed(failure: Failure): void {
    const exchange = this.#exchange;
    exchange.answering = false;
    exchange.sending = false;
    if (exchange.over) return;
    const { service, endpoint } = exchange;
    if (service !== undefined && endpoint !== undefined && failure.side === "upstream" && failure.kind !== "busy")
      service.report(endpoint, true);
    if (!retry(exchange, failure, this)) exchange.settle(failure);
  }
}
