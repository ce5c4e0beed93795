/** Applies the decision to the head of one call, and tells of it once nobody changes the head any more. */
import { formatTraceparent } from "@tracemend/context";
import type { Api, Call, CallCounts } from "./call.ts";
import { failOpen } from "./fail-open.ts";
import type { Carried, Handling } from "./handling.ts";
import { routeOf } from "./handling.ts";
import type { Head } from "./head.ts";
import { applyToHead, traceFields, withdrawFromHead } from "./head.ts";
import type { Outcome } from "./judge-call.ts";
import { isOfAnotherTrace, judgeCall, judgeForeign } from "./judge-call.ts";
import { findLocation } from "./location.ts";
import type { Settings } from "./options.ts";

/** A call that is about to leave. */
export interface Outgoing {
  readonly api: Api;
  readonly method: string;
  /** Without brackets or with them. */
  readonly host: string;
  /** Undefined where the client does not tell. */
  readonly port: number | undefined;
  /** With or without its query. */
  readonly path: string;
}

export interface Carry {
  /** `mayChange`: others may still write to the head in this very turn, as instrumentation does. */
  carry(outgoing: Outgoing, head: Head, handling: Handling | undefined, mayChange: boolean): void;
  counts(): CallCounts;
}

export function createCarry(settings: Settings): Carry {
  const counts = { kept: 0, carried: 0, single: 0, withheld: 0, reported: 0, left: 0 };
  const fields = traceFields(settings.boundary.policy);

  const judge = (outgoing: Outgoing, head: Head, handling: Handling | undefined): Outcome => {
    if (!settings.allows(outgoing.host, outgoing.port)) {
      if (settings.withhold === "on") head.refuse?.();
      return judgeForeign(head, settings, fields);
    }
    const carried = handling === undefined ? undefined : carriedNow(handling, settings);
    return judgeCall(head, settings, carried, handling !== undefined && isOver(handling, settings));
  };

  const settle = (
    outgoing: Outgoing,
    head: Head,
    handling: Handling | undefined,
    outcome: Outcome,
    location?: string,
  ): void => {
    counts[outcome.action] += 1;
    if (settings.observer === undefined || !isNoticed(outcome)) return;
    settings.observer.called(callOf(outgoing, head, handling, outcome, location));
  };

  return {
    carry(outgoing, head, handling, mayChange) {
      const outcome = judge(outgoing, head, handling);
      applyToHead(head, outcome.edits);
      watchTrace(head, outcome);
      if (!isNoticed(outcome)) {
        settle(outgoing, head, handling, outcome);
        return;
      }
      const location = settings.locate && settings.observer !== undefined ? findLocation() : undefined;
      if (!mayChange) {
        settle(outgoing, head, handling, outcome, location);
        return;
      }
      const [left] = head.values("traceparent");
      queueMicrotask(() => {
        failOpen(() => {
          const values = head.values("traceparent");
          const final = values.length === 1 && values[0] !== left ? judge(outgoing, head, handling) : outcome;
          settle(outgoing, head, handling, final, location);
        });
      });
    },
    counts: () => ({ ...counts }),
  };
}

/** What was carried beside a `traceparent` does not leave beside that of another trace. */
function watchTrace(head: Head, { action, edits }: Outcome): void {
  if (action !== "carried" || edits.length < 2) return;
  head.watch?.((traceparent) => {
    failOpen(() => {
      if (isOfAnotherTrace(traceparent, edits)) withdrawFromHead(head, edits);
    });
  });
}

function isNoticed({ action, reason }: Outcome): boolean {
  return reason === "other-trace" || (action !== "kept" && action !== "left");
}

/** A timer that a request once started would carry that request's context for as long as the process lives. */
function isOver({ endedAtMs }: Handling, { now, afterAnswerMs }: Settings): boolean {
  return endedAtMs !== undefined && now() - endedAtMs > afterAnswerMs;
}

function carriedNow(handling: Handling, { current }: Settings): Carried {
  const carried = handling.carried();
  const own = current?.();
  if (own === undefined) return carried;
  const lines = ["traceparent", formatTraceparent(own)];
  if (own.tracestate !== "") lines.push("tracestate", own.tracestate);
  const at = carried.lines.indexOf("baggage");
  if (at >= 0) lines.push("baggage", carried.lines[at + 1] as string);
  return { context: carried.context ?? own, lines };
}

function callOf(
  outgoing: Outgoing,
  head: Head,
  handling: Handling | undefined,
  { action, reason }: Outcome,
  location: string | undefined,
): Call {
  const [traceparent] = head.values("traceparent");
  return { ...placeOfCall(outgoing, handling), action, reason, traceparent, location };
}

/** What was called, and for whom. */
export function placeOfCall(
  { api, method, host, port, path }: Outgoing,
  handling: Handling | undefined,
): Pick<Call, "api" | "method" | "target" | "path" | "handling"> {
  const query = path.indexOf("?");
  return {
    api,
    method,
    target: port === undefined ? host : `${host}:${port}`,
    path: query < 0 ? path : path.slice(0, query),
    handling:
      handling === undefined ? undefined : { method: handling.request.method, route: routeOf(handling.request) },
  };
}
