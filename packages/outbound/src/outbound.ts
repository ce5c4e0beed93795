/** A service's own calls: the requests that are being handled, and the clients their context is carried into. */
import { AsyncLocalStorage } from "node:async_hooks";
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  ClientSessionRequestOptions,
  OutgoingHttpHeaders,
} from "node:http2";
import { watchAnswers } from "./answers.ts";
import type { CallCounts } from "./call.ts";
import type { Fetch, OnFetch } from "./carried-fetch.ts";
import { HAS_CHANNEL, carriedFetch } from "./carried-fetch.ts";
import type { Outgoing } from "./carry.ts";
import { createCarry } from "./carry.ts";
import { watchHttpCalls } from "./channels/http-calls.ts";
import { watchHttp2Calls } from "./channels/http2-calls.ts";
import { watchServers } from "./channels/servers.ts";
import { watchUndiciCalls } from "./channels/undici-calls.ts";
import { failOpen } from "./fail-open.ts";
import type { Handled, Handling } from "./handling.ts";
import { createHandling } from "./handling.ts";
import type { Head } from "./head.ts";
import { traceFields } from "./head.ts";
import type { OutboundOptions } from "./options.ts";
import { completeOptions } from "./options.ts";

export interface Outbound {
  /** Runs a request that no `node:http` server handed over: its context goes on to every call made in `run`. */
  handle<T>(request: Handled, run: (handling: Handling) => T): T;
  /** The request that is being handled here. */
  current(): Handling | undefined;
  /** `session.request` with the context: Node's HTTP/2 client has no channel that could add a field. */
  request(
    session: ClientHttp2Session,
    headers: OutgoingHttpHeaders,
    options?: ClientSessionRequestOptions,
  ): ClientHttp2Stream;
  /**
   * `fetch` with the context, where the runtime's own tells nobody of its calls: Bun, Deno, workers. On Node it is the
   * global one, which is seen by itself.
   */
  readonly fetch: Fetch;
  /** Judges and changes the head of a call by any other client; `handling` is the current one unless it is given. */
  carry(outgoing: Outgoing, head: Head, handling?: Handling): void;
  /** Outgoing calls since the beginning, by what was done. */
  counts(): CallCounts;
  /** Leaves the channels; calls go out as if this had never been there. */
  close(): void;
}

/** Throws a `TypeError` that names the option and the value. */
export function createOutbound(options: OutboundOptions): Outbound {
  const settings = completeOptions(options);
  const storage = new AsyncLocalStorage<Handling>();
  const calls = createCarry(settings);
  const begin = (request: Handled): Handling => createHandling(settings.boundary, request, settings.now);
  const answers = watchAnswers(settings.observer);
  const onCall = (outgoing: Outgoing, head: Head, call: object, mayChange = true): void => {
    const handling = storage.getStore();
    calls.carry(outgoing, head, handling, mayChange);
    answers?.sent(call, outgoing, head, handling);
  };
  const onFetch: OnFetch = (outgoing, head) => {
    failOpen(() => onCall(outgoing, head, head, false));
    return (answer) => failOpen(() => answers?.answered(head, [...answer].flat()));
  };
  const http2 = watchHttp2Calls(onCall);
  const watches = [
    watchUndiciCalls(onCall, traceFields(settings.boundary.policy)),
    watchHttpCalls(onCall),
    () => http2.unwatch(),
    () => answers?.unwatch(),
  ];
  if (settings.servers) watches.push(watchServers(storage, begin));
  return {
    handle: (request, run) => {
      const handling = begin(request);
      return storage.run(handling, run, handling);
    },
    current: () => storage.getStore(),
    request: (session, headers, requestOptions) => http2.request(session, headers, requestOptions),
    fetch: HAS_CHANNEL ? (input, init) => globalThis.fetch(input, init) : carriedFetch(onFetch),
    carry: (outgoing, head, handling) =>
      failOpen(() => calls.carry(outgoing, head, handling ?? storage.getStore(), false)),
    counts: () => calls.counts(),
    close: () => {
      for (const unwatch of watches) unwatch();
    },
  };
}
