/** Second phase: which way. Without one the request still crosses, so that its answer has a span. */
import type { Exchange } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import { isLoop } from "../forwarding.ts";
import { wayAt } from "../route-options.ts";
import { matchRoute } from "../routing.ts";
import { hashTrace } from "../upstream/hash.ts";

export function route(exchange: Exchange): Failure | undefined {
  const { routes, tunnels, random, forwarding } = exchange.site;
  if (forwarding?.via !== undefined && isLoop(exchange.caller.head.lines, forwarding.via)) return failureOf("loop");
  const found = matchRoute(exchange.caller.head.method === "CONNECT" ? tunnels : routes, exchange);
  if (found === undefined) return undefined;
  const { ways } = found;
  exchange.route = found;
  exchange.service = ways.length > 1 ? wayAt(ways, shareOf(exchange, random)) : ways[0]?.to;
  return undefined;
}

/** By the trace as it came, so that all requests of one trace go one way. */
function shareOf(exchange: Exchange, random: () => number): number {
  const hash = hashTrace(exchange.caller.head.lines);
  return hash === undefined ? random() : hash / 2 ** 32;
}
