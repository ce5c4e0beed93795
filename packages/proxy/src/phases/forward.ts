/** Fourth phase: the request goes out, its body and trailers as fast as the upstream takes them. */
import type { FieldLines } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import type { CallEvents, CallerEvents, OutgoingHead } from "../plane/plane.ts";
import { toTrailers } from "../trailers.ts";

/** Begins to forward; what the upstream says is told to `answer`. */
export function forward(exchange: Exchange, answer: CallEvents): Failure | undefined {
  if (exchange.service === undefined) return failureOf("no-route");
  const { caller, site } = exchange;
  caller.attach(new Forwarding(exchange));
  exchange.deadlineMs = site.clock.now() + site.timeouts.answerMs;
  site.deadlines.add(exchange);
  send(exchange, answer);
  return undefined;
}

/** Also for the second attempt at a request that the upstream did not take. */
export function send(exchange: Exchange, answer: CallEvents): void {
  const { service, caller, body } = exchange;
  if (service === undefined) return;
  const { connections, target } = service;
  const upgrade = connections.upgrades ? caller.head.upgrade : undefined;
  const head: OutgoingHead = {
    method: caller.head.method,
    target: exchange.target,
    scheme: target.url.protocol === "https:" ? "https" : "http",
    authority: exchange.authority,
    lines: exchange.lines,
    body,
    trailers: body === "unsized",
    upgrade,
  };
  exchange.sending = body !== "none" || upgrade !== undefined;
  exchange.answering = true;
  exchange.call = connections.send(head, answer);
}

class Forwarding implements CallerEvents {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  body(chunk: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange.over) return;
    exchange.bodyBytes += chunk.length;
    if (exchange.body === "unsized" && exchange.bodyBytes > exchange.site.limits.bodyBytes)
      return exchange.settle(failureOf("body-too-large"));
    exchange.touch();
    if (exchange.call?.write(chunk) === false) exchange.caller.pause();
  }

  bodyEnded(trailers: FieldLines | undefined): void {
    const exchange = this.#exchange;
    if (exchange.over) return;
    exchange.sending = false;
    exchange.awaitAnswer();
    exchange.call?.end(trailers === undefined ? undefined : toTrailers(trailers));
  }

  drained(): void {
    const exchange = this.#exchange;
    if (exchange.over) return;
    exchange.touch();
    exchange.call?.resume();
  }

  closed(complete: boolean): void {
    this.#exchange.settle(complete ? undefined : failureOf("client-gone"));
  }
}
