/** HTTP/1.1 upstream, requests with a body, trailers or an upgrade: node:http on its own keep-alive connections. */
import { Agent, request } from "node:http";
import type { AgentOptions, ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FieldLines } from "@tracemend/context";
import type { Clock } from "../clock.ts";
import { failureOf } from "../failure.ts";
import { NO_ERROR } from "../reset.ts";
import type { Dial } from "./dial.ts";
import { hasNoBody, toHttp1Lines, toPairs } from "./http1-lines.ts";
import type { Call, CallEvents, Connections, EngineSettings, OutgoingHead, UpstreamTarget } from "./plane.ts";
import { breakOff } from "./http1.ts";
import { failureOfError } from "./undici.ts";
import { KEEP_ALIVE_MS } from "./websocket.ts";

/** Node closes idle connections of its servers after 5 s; a request must not meet one that is being closed. */
const IDLE_MS = 4_000;

const OPENED_MS = Symbol("when the connection was opened");

interface AgedSocket extends Duplex {
  [OPENED_MS]?: number;
}

class DialingAgent extends Agent {
  readonly #dial: Dial;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;

  constructor(options: AgentOptions, dial: Dial, clock: Clock, maxAgeMs: number) {
    super(options);
    this.#dial = dial;
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
  }

  override createConnection(_options: unknown, done?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#dial(["http/1.1"], (error, socket) => {
      if (socket !== null) (socket as AgedSocket)[OPENED_MS] = this.#clock.now();
      done?.(error, socket as Socket);
    });
  }

  override keepSocketAlive(socket: AgedSocket): boolean {
    if (this.#clock.now() - (socket[OPENED_MS] ?? 0) >= this.#maxAgeMs) return false;
    // The base applies the upstream's Keep-Alive hint; its declaration says void.
    const kept: unknown = super.keepSocketAlive(socket);
    if (kept !== false && "timeout" in socket && socket.timeout === 0) (socket as Socket).setTimeout(IDLE_MS);
    return kept !== false;
  }
}

export function createHttp1Client(target: UpstreamTarget, settings: EngineSettings, dial: Dial): Connections {
  const options: AgentOptions = { keepAlive: true, maxSockets: target.connections, scheduling: "lifo" };
  const agent = new DialingAgent(options, dial, settings.clock, target.maxAgeMs);
  let open = 0;
  let waiting = 0;
  let emptied: (() => void) | undefined;
  return {
    upgrades: true,
    send(head, events) {
      if (waiting >= settings.limits.waiting) {
        queueMicrotask(() => events.failed(failureOf("busy")));
        return { write: () => true, end() {}, pause() {}, resume() {}, cancel() {} };
      }
      const sent = request({
        agent,
        method: head.method,
        path: head.target,
        headers: outgoingLines(head),
        maxHeaderSize: settings.limits.headBytes,
        setHost: false,
      });
      // Otherwise node:http keeps the first 2000 lines of an answer and drops the rest in silence.
      sent.maxHeadersCount = 0;
      waiting += 1;
      open += 1;
      let queued = true;
      const served = (): void => {
        if (queued) waiting -= 1;
        queued = false;
      };
      sent.once("socket", served);
      sent.once("close", () => {
        served();
        open -= 1;
        if (open === 0) emptied?.();
      });
      return new Http1Call(sent, head, events);
    },
    close(signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const end = (): void => {
        signal.removeEventListener("abort", end);
        agent.destroy();
        resolve();
      };
      emptied = end;
      if (open === 0 || signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
      return promise;
    },
  };
}

/** node:http takes the framing from the lines and adds only `Connection`. */
function outgoingLines(head: OutgoingHead): string[] {
  const lines = [...toHttp1Lines(head)];
  if (head.upgrade !== undefined) lines.push("Connection", "Upgrade", "Upgrade", head.upgrade);
  if (head.body === "unsized") lines.push("Transfer-Encoding", "chunked");
  return lines;
}

/** Head and body leave in one write where the body comes in the same turn of the event loop, else the head goes alone. */
function flushHead(sent: ClientRequest): void {
  if (!sent.destroyed && sent.writableLength === 0 && !sent.writableEnded) sent.flushHeaders();
}

class Http1Call implements Call {
  readonly #request: ClientRequest;
  readonly #head: OutgoingHead;
  readonly #events: CallEvents;
  /** Of the answer; the socket itself once it is a tunnel. */
  #readable: Duplex | IncomingMessage | undefined;
  #tunnel: Duplex | undefined;
  #over = false;

  constructor(sent: ClientRequest, head: OutgoingHead, events: CallEvents) {
    this.#request = sent;
    this.#head = head;
    this.#events = events;
    sent.once("socket", (socket) => this.#connected(socket));
    sent.on("drain", () => this.#over || events.drained());
    sent.on("information", (info) => {
      if (!this.#over && info.statusCode !== 100) events.informed(info.statusCode, info.rawHeaders);
    });
    sent.once("response", (response) => this.#answered(response));
    sent.once("upgrade", (response, socket, first) => this.#upgraded(response, socket, first));
    sent.on("error", (error) => this.#fail(error));
  }

  write(chunk: Uint8Array): boolean {
    return this.#tunnel === undefined ? this.#request.write(chunk) : this.#tunnel.write(chunk);
  }

  end(trailers: FieldLines | undefined): void {
    if (this.#tunnel !== undefined) return void this.#tunnel.end();
    if (trailers !== undefined) this.#request.addTrailers(toPairs(trailers));
    this.#request.end();
  }

  pause(): void {
    this.#readable?.pause();
  }

  resume(): void {
    this.#readable?.resume();
  }

  cancel(code: number): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#tunnel === undefined) this.#request.destroy();
    else if (code === NO_ERROR) this.#tunnel.destroy();
    else breakOff(this.#tunnel as Socket);
  }

  #connected(socket: Socket): void {
    if (this.#over) return;
    this.#events.connected(socket.remoteAddress ?? "", socket.remotePort ?? 0, socket.localPort);
    if (this.#head.body === "none") this.#request.end();
    else setImmediate(flushHead, this.#request);
  }

  #answered(response: IncomingMessage): void {
    if (this.#over) return;
    const { statusCode: status = 0, statusMessage: reason, rawHeaders: lines } = response;
    const open = !hasNoBody(this.#head.method, status, lines);
    this.#readable = response;
    this.#events.answered({ status, reason, lines, open, trailers: open, last: false });
    response.on("data", (chunk: Uint8Array) => this.#over || this.#events.body(chunk));
    response.once("end", () => this.#end(response.rawTrailers));
    response.on("error", (error) => this.#fail(error));
  }

  #upgraded(response: IncomingMessage, socket: Duplex, first: Uint8Array): void {
    if (this.#over) return void socket.destroy();
    if (this.#head.upgrade === undefined) {
      socket.destroy();
      this.#over = true;
      return this.#events.failed(failureOf("bad-answer"));
    }
    this.#tunnel = socket;
    this.#readable = socket;
    // Each side of a tunnel ends for itself.
    socket.allowHalfOpen = true;
    (socket as Socket).setKeepAlive(true, KEEP_ALIVE_MS);
    const { statusCode: status = 0, statusMessage: reason, rawHeaders: lines } = response;
    this.#events.answered({ status, reason, lines, open: true, trailers: false, last: false });
    socket.on("drain", () => this.#over || this.#events.drained());
    socket.on("error", (error) => this.#fail(error));
    if (first.length > 0) socket.unshift(first);
    socket.on("data", (chunk: Uint8Array) => this.#over || this.#events.body(chunk));
    let ended = false;
    socket.once("end", () => {
      ended = true;
      this.#end([]);
    });
    socket.once("close", () => ended || this.#fail(new Error("closed")));
  }

  #end(trailers: FieldLines): void {
    if (this.#over) return;
    this.#over = this.#tunnel === undefined && this.#request.writableEnded;
    this.#events.ended(trailers.length === 0 ? undefined : trailers);
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.failed(failureOfError(error, false));
  }
}
