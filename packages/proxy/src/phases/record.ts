/** Last phase, always: what happened is told once, to the grant of its spans and to the observer. */
import { cross, fieldValue } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import type { Passed } from "../passed.ts";
import { NO_TRIES } from "../passed.ts";
import { pathOf } from "../routing.ts";
import { tryFinish } from "../spans.ts";
import { arrivalOf } from "./cross.ts";
import { presentTry } from "./retry.ts";

export function record(exchange: Exchange, failure: Failure | undefined): void {
  const { grant, site } = exchange;
  if (grant === undefined && site.observer === undefined) return;
  const passed = passedOf(exchange, failure);
  if (grant !== undefined) tryFinish(grant, passed);
  try {
    site.observer?.crossed(passed);
  } catch {
    // An observer watches; it has no say in the exchange it watches.
  }
}

function passedOf(exchange: Exchange, failure: Failure | undefined): Passed {
  const { site, caller, tries } = exchange;
  const { boundary, clock } = site;
  const { head } = caller;
  // A request that was refused before it crossed is still told with what it brought.
  const { reading, verdict, spans } =
    exchange.crossed ?? cross(boundary, head.lines, () => undefined, arrivalOf(exchange));
  const inRequestId = boundary.policy.carrier?.field === "x-request-id";
  return {
    boundary: boundary.name,
    side: boundary.side,
    cluster: boundary.cluster,
    reading,
    verdict,
    spans,
    startMs: exchange.startMs,
    endMs: Math.max(exchange.startMs, clock.now()),
    protocol: head.version === "2" ? "h2" : head.version === "1.0" ? "http/1.0" : "http/1.1",
    scheme: head.scheme,
    method: head.method,
    path: pathOf(exchange.target === "" ? head.target : exchange.target),
    authority:
      exchange.authority === "" ? (head.authority ?? fieldValue(head.lines, "host") ?? "") : exchange.authority,
    userAgent: fieldValue(head.lines, "user-agent"),
    requestId: inRequestId ? reading.original : fieldValue(head.lines, "x-request-id"),
    downstream: caller.peer,
    upstream: exchange.upstream,
    status: exchange.status,
    grpcStatus: exchange.grpcStatus,
    answer: exchange.named,
    failure: failure === undefined ? undefined : { kind: failure.kind, side: failure.side },
    route: exchange.route?.name,
    service: exchange.service?.name,
    tries: tries.length === 0 ? NO_TRIES : [...tries, presentTry(exchange, failure, exchange.status)],
  };
}
