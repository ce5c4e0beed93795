/** Second phase: which upstream. Without one the request still crosses, so that its answer has a span. */
import type { Exchange } from "../exchange.ts";
import { matchRoute, pathOf } from "../routing.ts";

export function route(exchange: Exchange): undefined {
  exchange.service = matchRoute(exchange.site.routes, exchange.authority, pathOf(exchange.target));
}
