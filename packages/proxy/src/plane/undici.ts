/**
 * HTTP/1.1 upstream, requests without a body: undici, one client for each connection, so that the connection a request
 * went over is known. A request with a body goes over node:http (`http1-client.ts`): undici holds its head back until
 * the first chunk and cannot send trailers.
 */
import { Client } from "undici";
import type { Dispatcher } from "undici";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import type { AnswerState } from "./continue.ts";
import { dropContinues } from "./continue.ts";
import type { Dial } from "./dial.ts";
import { DialError } from "./dial.ts";
import { NO_LINES, hasNoBody, isIdempotent, toHttp1Lines } from "./http1-lines.ts";
import type {
  AnswerHead,
  Call,
  CallEvents,
  Connections,
  EngineSettings,
  OutgoingHead,
  UpstreamTarget,
} from "./plane.ts";

/** One connection and the client that opens it anew when it was lost. */
interface Slot extends AnswerState {
  readonly client: Client;
  address: string;
  port: number;
  localPort: number | undefined;
  /** Answers since the connection was opened. */
  served: number;
  /** Epoch milliseconds. */
  openedMs: number;
}

export function createUndici(target: UpstreamTarget, settings: EngineSettings, dial: Dial): Connections {
  const slots: Slot[] = [];
  const free: Slot[] = [];
  const waiting: UndiciCall[] = [];

  const open = (): Slot => {
    const client = new Client(target.url.origin, {
      allowH2: false,
      pipelining: 1,
      maxHeaderSize: settings.limits.headBytes,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_options, done) => {
        dial(["http/1.1"], (error, socket) => {
          if (error !== null || socket === null) return done(error ?? new Error("no connection"), null);
          slot.address = socket.remoteAddress ?? "";
          slot.port = socket.remotePort ?? 0;
          slot.localPort = socket.localPort;
          slot.served = 0;
          dropContinues(socket, slot);
          slot.openedMs = settings.clock.now();
          done(null, socket);
        });
      },
    });
    const slot: Slot = {
      client,
      address: "",
      port: 0,
      localPort: undefined,
      served: 0,
      fresh: true,
      openedMs: 0,
    };
    slots.push(slot);
    return slot;
  };
  const release = (used: Slot): void => {
    used.served += 1;
    const old = target.maxAgeMs !== Number.POSITIVE_INFINITY && settings.clock.now() - used.openedMs >= target.maxAgeMs;
    if (old) {
      slots.splice(slots.indexOf(used), 1);
      void used.client.close().catch(() => used.client.destroy());
    }
    const next = waiting.shift();
    if (next !== undefined) next.start(old ? open() : used);
    else if (!old) free.push(used);
  };
  return {
    upgrades: false,
    send(head, events) {
      const call = new UndiciCall(head, events, target.url.hostname, release);
      const slot = free.pop() ?? (slots.length < target.connections ? open() : undefined);
      if (slot !== undefined) call.start(slot);
      else if (waiting.length < settings.limits.waiting) waiting.push(call);
      else queueMicrotask(() => events.failed(failureOf("busy")));
      return call;
    },
    async close(signal) {
      const abort = (): void => {
        for (const { client } of slots) void client.destroy();
      };
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
      await Promise.all(slots.map(({ client }) => client.close().catch(() => client.destroy())));
      signal.removeEventListener("abort", abort);
    },
  };
}

class UndiciCall implements Call, Dispatcher.DispatchHandler {
  readonly #head: OutgoingHead;
  readonly #events: CallEvents;
  readonly #serverName: string;
  readonly #release: (slot: Slot) => void;
  #slot: Slot | undefined;
  #reused = false;
  #controller: Dispatcher.DispatchController | undefined;
  #canceled = false;
  #begun = false;
  #starting = false;

  constructor(head: OutgoingHead, events: CallEvents, serverName: string, release: (slot: Slot) => void) {
    this.#head = head;
    this.#events = events;
    this.#serverName = serverName;
    this.#release = release;
  }

  start(slot: Slot): void {
    if (this.#canceled) return this.#release(slot);
    this.#slot = slot;
    const head = this.#head;
    this.#starting = true;
    slot.client.dispatch(
      {
        path: head.target,
        method: head.method,
        headers: toHttp1Lines(head) as string[],
        // Undici closes the connection after a HEAD request and takes the name for TLS from `Host` unless told otherwise.
        reset: false,
        servername: this.#serverName,
      } as Dispatcher.DispatchOptions,
      this,
    );
    this.#starting = false;
  }

  write(): boolean {
    return true;
  }

  end(): void {
    // The request had no body.
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  cancel(): void {
    if (this.#canceled) return;
    this.#canceled = true;
    this.#controller?.abort(new Error("canceled"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#canceled) return controller.abort(new Error("canceled"));
    const slot = this.#slot as Slot;
    this.#reused = slot.served > 0;
    slot.fresh = true;
    this.#events.connected(slot.address, slot.port, slot.localPort);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    reason: string | undefined,
  ): void {
    if (this.#canceled) return;
    this.#begun = true;
    const lines = textLines(controller.rawHeaders);
    if (status < 200) return this.#events.informed(status, lines);
    const open = !hasNoBody(this.#head.method, status, lines);
    const head: AnswerHead = { status, reason, lines, open, trailers: open && isChunked(lines), last: false };
    this.#events.answered(head);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#canceled) this.#events.body(chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#finish();
    if (this.#canceled) return;
    const lines = textLines(controller.rawTrailers);
    this.#events.ended(lines.length === 0 ? undefined : lines);
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#finish();
    if (this.#canceled) return;
    this.#canceled = true;
    const failure = failureOfError(error, !this.#begun && this.#reused && isIdempotent(this.#head.method));
    if (this.#starting) queueMicrotask(() => this.#events.failed(failure));
    else this.#events.failed(failure);
  }

  #finish(): void {
    const slot = this.#slot;
    this.#slot = undefined;
    if (slot !== undefined) this.#release(slot);
  }
}

function isChunked(lines: readonly string[]): boolean {
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] as string;
    if (name.length === 17 && name.toLowerCase() === "transfer-encoding") return true;
  }
  return false;
}

function textLines(raw: Dispatcher.DispatchController["rawHeaders"]): readonly string[] {
  if (!Array.isArray(raw) || raw.length === 0) return NO_LINES;
  const lines: string[] = [];
  for (const text of raw) lines.push(typeof text === "string" ? text : text.toString("latin1"));
  return lines;
}

/** An idle connection that the upstream closed as the request was on its way says nothing about the request. */
export function failureOfError(error: Error, retry: boolean): Failure {
  if (error instanceof DialError) return error.failure;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "UND_ERR_INVALID_ARG" || code === "ERR_INVALID_CHAR") return failureOf("bad-request");
  if (code === "UND_ERR_SOCKET" && error.message.startsWith("bad ")) return failureOf("bad-answer");
  if (code.startsWith("HPE_") && code !== "HPE_INVALID_EOF_STATE") return failureOf("bad-answer");
  if (code === "UND_ERR_HEADERS_OVERFLOW") return failureOf("bad-answer");
  return failureOf("lost", { retry });
}
