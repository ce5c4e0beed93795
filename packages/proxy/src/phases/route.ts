/** Second phase: which way. Without one the request still crosses, so that its answer has a span. */
import type { Exchange } from "../exchange.ts";
import { wayAt } from "../route-options.ts";
import { matchRoute } from "../routing.ts";
import { hashTrace } from "../upstream/hash.ts";

export function route(exchange: Exchange): undefined {
  const { routes, random } = exchange.site;
  const found = matchRoute(routes, exchange);
  if (found === undefined) return;
  const { ways } = found;
  exchange.route = found;
  exchange.service = ways.length > 1 ? wayAt(ways, shareOf(exchange, random)) : ways[0]?.to;
}

/** By the trace as it came, so that all requests of one trace go one way. */
function shareOf(exchange: Exchange, random: () => number): number {
  const hash = hashTrace(exchange.caller.head.lines);
  return hash === undefined ? random() : hash / 2 ** 32;
}
