/** What is told of a request, or of its copy, once it has ended. */
import type { Passage } from "@tracemend/context";
import { fieldValue, requestIdOf } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import type { Passed, PassedObserver } from "../passed.ts";
import { rewritePath } from "../route-options.ts";
import { pathOf } from "../routing.ts";
import type { Service } from "../upstream/service.ts";

export function tell(observer: PassedObserver | undefined, passed: Passed, what: "crossed" | "mirrored"): void {
  try {
    observer?.[what]?.(passed);
  } catch {
    // An observer watches; it has no say in the exchange it watches.
  }
}

/** How one call of an upstream went, as far as there was one. */
interface Ending extends Pick<
  Passed,
  "startMs" | "upstream" | "status" | "grpcStatus" | "answer" | "answerBytes" | "tries"
> {
  readonly service: Service | undefined;
  readonly failure: Failure | undefined;
}

export function passedOf(exchange: Exchange, { reading, verdict, spans }: Passage, ending: Ending): Passed {
  const { site, caller, route } = exchange;
  const { boundary, clock } = site;
  const { head } = caller;
  const { startMs, service, failure } = ending;
  const target = exchange.authority === "" ? head.target : exchange.target;
  return {
    boundary: boundary.name,
    side: boundary.side,
    cluster: boundary.cluster,
    reading,
    verdict,
    spans,
    startMs,
    endMs: Math.max(startMs, clock.now()),
    protocol: head.version === "2" ? "h2" : head.version === "1.0" ? "http/1.0" : "http/1.1",
    scheme: head.scheme,
    method: head.method,
    path: pathOf(target),
    query: site.query?.(target),
    authority:
      exchange.authority === "" ? (head.authority ?? fieldValue(head.lines, "host") ?? "") : exchange.authority,
    userAgent: fieldValue(head.lines, "user-agent"),
    requestId: requestIdOf(boundary, reading, head.lines),
    downstream: caller.peer,
    upstream: ending.upstream,
    status: ending.status,
    grpcStatus: ending.grpcStatus,
    answer: ending.answer,
    failure: failure === undefined ? undefined : { kind: failure.kind, side: failure.side },
    route: route?.name,
    template: route?.template,
    service: service?.name,
    sentScheme: service?.scheme,
    sentPath: route?.path === undefined ? undefined : pathOf(rewritePath(route.path, exchange.target)),
    tries: ending.tries,
    requestBytes: exchange.bodyBytes,
    answerBytes: ending.answerBytes,
  };
}
