/** Where an exchange failed: the proxy's own answer, or a break the caller cannot take for an end. */
import type { Exchange } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import { grpcStatusOf, statusOf } from "../failure.ts";
import { trailersOnly } from "../grpc.ts";
import { relayedReset } from "../reset.ts";
import { answerLines } from "./named.ts";

export function refuse(exchange: Exchange, failure: Failure): void {
  const { caller } = exchange;
  if (failure.kind === "client-gone") return;
  if (exchange.status !== undefined) return caller.reset(relayedReset(failure.code));
  try {
    answer(exchange, failure);
  } catch {
    // A head of which a part was written: no second one can follow.
    exchange.status = undefined;
    caller.reset(failure.code);
  }
}

function answer(exchange: Exchange, failure: Failure): void {
  const { caller } = exchange;
  // What follows a request that was read with doubt must not be read as the next one.
  const last = failure.side === "downstream";
  if (exchange.grpc) {
    exchange.status = 200;
    exchange.grpcStatus = grpcStatusOf(failure);
    const lines = answerLines(exchange, trailersOnly(exchange.grpcStatus, failure.text));
    return caller.answer({ status: 200, reason: undefined, lines, open: false, trailers: false, last });
  }
  exchange.status = statusOf(failure);
  const text = `${failure.text}\n`;
  const head = ["content-type", "text/plain; charset=utf-8", "content-length", String(text.length)];
  const lines = answerLines(exchange, head);
  const open = caller.head.method !== "HEAD";
  caller.answer({ status: exchange.status, reason: undefined, lines, open, trailers: false, last });
  if (!open) return;
  exchange.answerBytes = text.length;
  caller.write(encoder.encode(text));
  caller.end(undefined);
}

const encoder = new TextEncoder();
