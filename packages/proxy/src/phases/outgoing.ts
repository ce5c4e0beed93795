/** The head of a request as it leaves. */
import type { FieldLines } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import type { OutgoingHead } from "../plane/plane.ts";
import { rewritePath } from "../route-options.ts";
import type { Service } from "../upstream/service.ts";

export function outgoingHead(exchange: Exchange, service: Service, lines: FieldLines, upgrade?: string): OutgoingHead {
  const { caller, body, route } = exchange;
  const { head } = caller;
  const path = route?.path;
  return {
    method: head.method,
    target: path === undefined ? exchange.target : rewritePath(path, exchange.target),
    scheme: service.scheme,
    authority: route?.authority ?? exchange.authority,
    lines,
    proven: head.proven,
    body,
    trailers: body === "unsized",
    upgrade,
  };
}
