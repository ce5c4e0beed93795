/** Between two tries: whether a request may be sent once more, when, and under which span. */
import type { Exchange } from "../exchange.ts";
import type { Failure, FailureKind } from "../failure.ts";
import { failureOf } from "../failure.ts";
import type { Try } from "../passed.ts";
import { isIdempotent } from "../plane/http1-lines.ts";
import type { CallEvents } from "../plane/plane.ts";
import { CANCEL } from "../reset.ts";
import { tryAgain } from "../spans.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Service } from "../upstream/service.ts";
import { crossAgain } from "./cross.ts";
import { send } from "./forward.ts";

/** The head of the request cannot have reached the service. */
const UNSENT: ReadonlySet<FailureKind> = new Set(["unreachable", "connect-timeout"]);

/** The service may have seen the request: it is only repeated where the method is safe. */
const DOUBTFUL: ReadonlySet<FailureKind> = new Set(["answer-timeout", "refused", "reset", "lost"]);

/** Ends the present try and begins another; false where the failure stands. `status`: of an answer that counts as one. */
export function retry(exchange: Exchange, failure: Failure, answer: CallEvents, status?: number): boolean {
  const { service, endpoint: tried, site, tries } = exchange;
  if (service === undefined || exchange.status !== undefined || !isSafe(exchange, service, failure)) return false;
  const { retry: settings, persistent } = service.settings;
  if (tries.length + 1 >= settings.tries || site.clock.now() >= exchange.limitMs) return false;
  const free = failure.retry || (UNSENT.has(failure.kind) && pick(exchange, service, tried) !== tried);
  // The budget is for what an upstream in trouble is asked again; a request that reached nobody has asked nothing yet.
  if (!free && (!persistent || !service.admitRetry())) return false;
  exchange.tries = [...tries, presentTry(exchange, failure, status)];
  exchange.breakOff(CANCEL);
  site.deadlines.remove(exchange);
  exchange.retrying = !free;
  if (free) {
    again(exchange, service, tried, answer);
    return true;
  }
  const longestMs = Math.min(settings.maxMs, settings.baseMs * 2 ** tries.length);
  exchange.pause = site.clock.after(site.random() * longestMs, () => {
    exchange.pause = undefined;
    if (!exchange.over) again(exchange, service, tried, answer);
  });
  return true;
}

/** The try under way, as it stands now. */
export function presentTry(exchange: Exchange, failure: Failure | undefined, status: number | undefined): Try {
  const { trySpanId: spanId, upstream, tryStartMs: startMs, site } = exchange;
  return {
    spanId,
    upstream,
    startMs,
    endMs: Math.max(startMs, site.clock.now()),
    status,
    failure: failure === undefined ? undefined : { kind: failure.kind, side: failure.side },
  };
}

function isSafe({ flowing, caller, body }: Exchange, { settings }: Service, { kind, retry: free }: Failure): boolean {
  if (flowing) return false;
  if (free || UNSENT.has(kind)) return true;
  return settings.persistent && body === "none" && DOUBTFUL.has(kind) && isIdempotent(caller.head.method);
}

function pick({ caller }: Exchange, service: Service, tried: Endpoint | undefined): Endpoint | undefined {
  return service.pick(caller.head.lines, tried);
}

function again(exchange: Exchange, service: Service, tried: Endpoint | undefined, answer: CallEvents): void {
  const { crossed, grant } = exchange;
  const endpoint = pick(exchange, service, tried);
  if (endpoint === undefined) return exchange.settle(failureOf("unreachable"));
  const spanId = grant === undefined || crossed?.verdict.ownParent !== true ? undefined : tryAgain(grant);
  exchange.trySpanId = spanId;
  if (crossed !== undefined && spanId !== undefined) crossAgain(exchange, crossed, spanId);
  send(exchange, service, endpoint, answer);
}
