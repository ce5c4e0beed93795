/** In place of forwarding: an answer that the route itself gives. */
import type { Exchange } from "../exchange.ts";
import type { ReadyAnswer } from "../route-options.ts";
import { answerLines } from "./named.ts";

export function answerDirectly(exchange: Exchange, { status, lines, body }: ReadyAnswer): undefined {
  const { caller } = exchange;
  const open = body.length > 0 && caller.head.method !== "HEAD";
  // A body that nobody reads must not be taken for the next request.
  const last = exchange.body !== "none";
  caller.answer({ status, reason: undefined, lines: answerLines(exchange, lines), open, trailers: false, last });
  exchange.status = status;
  if (open) {
    exchange.answerBytes = body.length;
    caller.write(body);
    caller.end(undefined);
  }
  exchange.settle(undefined);
}
