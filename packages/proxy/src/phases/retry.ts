/** Between two tries: whether a request may be sent once more, when, and under which span. */
import { applyEdits } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import type { Failure, FailureKind } from "../failure.ts";
import { failureOf, grpcStatusOf } from "../failure.ts";
import { formatGrpcTimeout, grpcTimeoutMs, pushbackMs, statusInHead } from "../grpc.ts";
import type { Try } from "../passed.ts";
import { isIdempotent } from "../plane/http1-lines.ts";
import type { AnswerHead, CallEvents } from "../plane/plane.ts";
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

/** Ends the present try and begins another; false where the failure stands. `head`: of an answer that counts as one. */
export function retry(exchange: Exchange, failure: Failure, answer: CallEvents, head?: AnswerHead): boolean {
  const { service, endpoint: tried, site, tries, kept } = exchange;
  if (service === undefined || exchange.status !== undefined || !isSafe(exchange, service, failure, head)) return false;
  const { tries: most } = service.settings.retry;
  const free = failure.retry || (UNSENT.has(failure.kind) && pick(exchange, service, tried) !== tried);
  const pauseMs = free ? 0 : pauseOf(exchange, service, head);
  if (tries.length + 1 >= most || pauseMs === undefined || site.clock.now() + pauseMs >= endOf(exchange)) return false;
  // The budget is for what an upstream in trouble is asked again; a request that reached nobody has asked nothing yet.
  if (!free && (!service.settings.persistent || !service.admitRetry())) return false;
  const grpcStatus = statusToRetry(exchange, head);
  exchange.tries = [...tries, presentTry(exchange, failure, { status: head?.status, grpcStatus })];
  exchange.breakOff(CANCEL);
  site.deadlines.remove(exchange);
  exchange.retrying = !free;
  if (kept?.ended === false) exchange.caller.pause();
  if (free) {
    again(exchange, service, tried, answer);
    return true;
  }
  exchange.pause = site.clock.after(pauseMs, () => {
    exchange.pause = undefined;
    if (!exchange.over) again(exchange, service, tried, answer);
  });
  return true;
}

/** The try under way, as it stands now. */
export function presentTry(
  exchange: Exchange,
  failure: Failure | undefined,
  { status, grpcStatus }: Pick<Try, "status" | "grpcStatus">,
): Try {
  const { trySpanId: spanId, upstream, tryStartMs: startMs, site } = exchange;
  return {
    spanId,
    upstream,
    startMs,
    endMs: Math.max(startMs, site.clock.now()),
    status,
    grpcStatus,
    failure: failure === undefined ? undefined : { kind: failure.kind, side: failure.side },
  };
}

function isSafe(exchange: Exchange, { settings }: Service, failure: Failure, head: AnswerHead | undefined): boolean {
  const { flowing, kept, caller, body } = exchange;
  const { kind } = failure;
  if (flowing && kept === undefined) return false;
  if (failure.retry || UNSENT.has(kind)) return true;
  if (!DOUBTFUL.has(kind)) return false;
  // The caller would be told this, and whoever wrote the configuration says that it may be asked again.
  const told = isKeptCall(exchange) ? grpcStatusOf(failure) : undefined;
  const code = head === undefined ? told : statusToRetry(exchange, head);
  if (code !== undefined && settings.retry.grpcStatuses.includes(code)) return true;
  return settings.persistent && body === "none" && isIdempotent(caller.head.method);
}

/** What gRPC says in this head, of a call that is kept. */
export function statusToRetry(exchange: Exchange, head: AnswerHead | undefined): number | undefined {
  return head !== undefined && isKeptCall(exchange) ? statusInHead(head) : undefined;
}

/** Bodies of other requests are kept too, where an upstream may refuse them unread. */
function isKeptCall({ grpc, kept }: Exchange): boolean {
  return grpc && kept !== undefined;
}

/** As long as the service says, where it does; undefined where it wants no other try, or one that is too far off. */
function pauseOf(exchange: Exchange, { settings }: Service, head: AnswerHead | undefined): number | undefined {
  const { site, tries, timeouts } = exchange;
  const pushed = head !== undefined && isKeptCall(exchange) ? pushbackMs(head.lines) : undefined;
  if (pushed !== undefined) return pushed < 0 || pushed > (timeouts?.answerMs ?? 0) ? undefined : pushed;
  return site.random() * Math.min(settings.retry.maxMs, settings.retry.baseMs * 2 ** tries.length);
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
  if (exchange.grpc) sayTimeLeft(exchange);
  send(exchange, service, endpoint, answer);
}

/** No try begins later. The deadline of a call counts from its first try. Source: gRFC A6, "Retry Policy". */
function endOf({ grpc, caller, startMs, limitMs }: Exchange): number {
  const timeoutMs = grpc ? grpcTimeoutMs(caller.head.lines) : undefined;
  return timeoutMs === undefined ? limitMs : Math.min(limitMs, startMs + timeoutMs);
}

function sayTimeLeft(exchange: Exchange): void {
  const timeoutMs = grpcTimeoutMs(exchange.caller.head.lines);
  if (timeoutMs === undefined) return;
  const leftMs = Math.max(0, exchange.startMs + timeoutMs - exchange.site.clock.now());
  exchange.lines = applyEdits(exchange.lines, [{ name: "grpc-timeout", value: formatGrpcTimeout(leftMs) }]);
}
