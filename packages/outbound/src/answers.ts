/** Answers to a service's own calls that name the span which served them. */
import type { FieldLines } from "@tracemend/context";
import { parseTraceparent, readTraceresponse } from "@tracemend/context";
import type { CallObserver } from "./call.ts";
import type { Outgoing } from "./carry.ts";
import { placeOfCall } from "./carry.ts";
import type { Unwatch } from "./channels/watch.ts";
import { watch } from "./channels/watch.ts";
import type { Handling } from "./handling.ts";
import type { Head } from "./head.ts";

/** A call that has left. */
interface Sent {
  readonly outgoing: Outgoing;
  readonly head: Head;
  readonly handling: Handling | undefined;
}

export interface Answers {
  sent(call: object, outgoing: Outgoing, head: Head, handling: Handling | undefined): void;
  /** For a call whose answer no channel tells of. */
  answered(call: object, lines: FieldLines): void;
  readonly unwatch: Unwatch;
}

/** Undefined where nobody asks: a call is remembered only for its answer. */
export function watchAnswers(observer: CallObserver | undefined): Answers | undefined {
  if (observer?.answered === undefined) return undefined;
  const waiting = new WeakMap<object, Sent>();
  const answered = (call: object, lines: FieldLines): void => {
    const sent = waiting.get(call);
    const served = sent === undefined ? undefined : readTraceresponse(lines);
    if (sent === undefined || served === undefined) return;
    const [traceparent] = sent.head.values("traceparent");
    const left = traceparent === undefined ? undefined : parseTraceparent(traceparent);
    const continued = left?.kind === "valid" && left.context.traceId === served.traceId;
    observer.answered?.({ ...placeOfCall(sent.outgoing, sent.handling), traceparent, served, continued });
  };
  const unwatches = [
    watch("undici:request:headers", ({ request, response }) => answered(request, response.headers.map(latin1))),
    watch("http.client.response.finish", ({ request, response }) => answered(request, response.rawHeaders)),
  ];
  return {
    answered,
    sent: (call, outgoing, head, handling) => void waiting.set(call, { outgoing, head, handling }),
    unwatch: () => {
      for (const unwatch of unwatches) unwatch();
    },
  };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
