/** Fourth phase: the request goes to the upstream, its body as fast as the upstream takes it. */
import type { FieldLines } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import type { CallEvents, CallerEvents } from "../plane/plane.ts";
import { KeptBody } from "../kept-body.ts";
import { toTrailers } from "../trailers.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Service } from "../upstream/service.ts";
import { answerDirectly } from "./answer.ts";
import { beginMirror } from "./mirror.ts";
import { outgoingHead } from "./outgoing.ts";

/** Begins to forward; what the upstream says is told to `answer`. */
export function forward(exchange: Exchange, answer: CallEvents): Failure | undefined {
  const { caller, route, service } = exchange;
  if (route?.answer !== undefined) return answerDirectly(exchange, route.answer);
  if (service === undefined) return failureOf(caller.head.method === "CONNECT" ? "forbidden" : "no-route");
  const endpoint = service.pick(caller.head.lines);
  if (endpoint === undefined) return failureOf("unreachable");
  if (!service.admit()) return failureOf("busy");
  exchange.answer = answer;
  const { timeouts } = service.settings;
  exchange.timeouts = route?.timeouts === undefined ? timeouts : { ...timeouts, ...route.timeouts };
  exchange.limitMs = exchange.startMs + exchange.timeouts.totalMs;
  if (mayGoAgain(exchange, service, endpoint)) exchange.kept = new KeptBody(service.settings.retry.bufferBytes);
  caller.attach(new Forwarding(exchange));
  exchange.trySpanId = exchange.grant?.spans.clientSpanId;
  exchange.mirror = beginMirror(exchange);
  send(exchange, service, endpoint, answer);
  exchange.mirror?.start();
  return undefined;
}

/** Whether a try may end in a way after which the request is sent again, with what of its body has begun to flow. */
function mayGoAgain({ body, grpc }: Exchange, { settings }: Service, { connections }: Endpoint): boolean {
  const { tries, grpcStatuses } = settings.retry;
  return tries > 1 && ((grpc && grpcStatuses.length > 0) || (body !== "none" && connections.refuses));
}

/** One try; also for a request that is sent again. */
export function send(exchange: Exchange, service: Service, endpoint: Endpoint, answer: CallEvents): void {
  const { caller, body, site } = exchange;
  const { upgrade } = caller.head;
  const head = outgoingHead(exchange, service, exchange.lines, upgrade);
  exchange.tryStartMs = site.clock.now();
  exchange.upstream = undefined;
  exchange.awaitAnswer();
  site.deadlines.add(exchange);
  exchange.sending = body !== "none" || upgrade !== undefined;
  exchange.answering = true;
  exchange.endpoint = endpoint;
  endpoint.enter();
  exchange.call = undefined;
  exchange.call = endpoint.connections.send(head, answer);
  // A connection that was kept is had at once.
  if (exchange.upstream !== undefined) flow(exchange);
}

/** The try has a connection and its call is known: the body may come. */
export function flow(exchange: Exchange): void {
  if (exchange.body === "none") return exchange.awaitAnswer();
  exchange.touch();
  exchange.flowing = true;
  const { call, kept } = exchange;
  const room = kept === undefined || call === undefined || kept.replay(call);
  if (kept?.ended === true) {
    exchange.sending = false;
    return exchange.awaitAnswer();
  }
  if (room) exchange.caller.resume();
}

class Forwarding implements CallerEvents {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  body(chunk: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange.over) return;
    exchange.bodyBytes += chunk.length;
    if (exchange.body === "unsized" && exchange.bodyBytes > exchange.site.limits.bodyBytes)
      return exchange.settle(failureOf("body-too-large"));
    exchange.touch();
    exchange.mirror?.write(chunk);
    if (exchange.kept?.add(chunk) === false) exchange.kept = undefined;
    if (exchange.call?.write(chunk) === false) exchange.caller.pause();
  }

  bodyEnded(trailers: FieldLines | undefined): void {
    const exchange = this.#exchange;
    if (exchange.over) return;
    exchange.sending = false;
    if (exchange.status === 101) exchange.touch();
    exchange.awaitAnswer();
    const through = trailers === undefined ? undefined : toTrailers(trailers);
    exchange.mirror?.end(through);
    exchange.kept?.end(through);
    exchange.call?.end(through);
  }

  drained(): void {
    const exchange = this.#exchange;
    if (exchange.over) return;
    exchange.touch();
    exchange.full = false;
    exchange.call?.resume();
  }

  closed(complete: boolean): void {
    this.#exchange.settle(complete ? undefined : failureOf("client-gone"));
  }
}
