/** Third phase: which upstream. */
import type { Exchange } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import { matchRoute, pathOf } from "../routing.ts";

export function route(exchange: Exchange): Failure | undefined {
  exchange.service = matchRoute(exchange.site.routes, exchange.authority, pathOf(exchange.target));
  return exchange.service === undefined ? failureOf("no-route") : undefined;
}
