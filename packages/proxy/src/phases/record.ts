/** Last phase, always: what happened is told once, to the grant of its spans and to the observer. */
import { cross } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import { NO_TRIES } from "../passed.ts";
import { tryFinish } from "../spans.ts";
import { arrivalOf } from "./cross.ts";
import { presentTry } from "./retry.ts";
import { passedOf, tell } from "./tell.ts";

export function record(exchange: Exchange, failure: Failure | undefined): void {
  const { grant, site, tries } = exchange;
  const { observer } = site;
  if (grant === undefined && observer === undefined) return;
  const { startMs, upstream, status, grpcStatus, service } = exchange;
  // A request that was refused before it crossed is still told with what it brought.
  const passage =
    exchange.crossed ?? cross(site.boundary, exchange.caller.head.lines, () => undefined, arrivalOf(exchange));
  const passed = passedOf(exchange, passage, {
    startMs,
    upstream,
    service,
    status,
    grpcStatus,
    answer: exchange.named,
    answerBytes: exchange.answerBytes,
    failure,
    tries: tries.length === 0 ? NO_TRIES : [...tries, presentTry(exchange, failure, { status, grpcStatus })],
  });
  if (grant !== undefined) tryFinish(grant, passed);
  tell(observer, passed, "crossed");
}
