/** HTTP/2 upstream: a small pool of node:http2 client sessions, resets and trailers in our own hands. */
import { connect } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { FieldLines } from "@tracemend/context";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import { INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM } from "../reset.ts";
import type { Dial } from "./dial.ts";
import { isIdempotent } from "./http1-lines.ts";
import { toFields, toRequestList, withoutPseudo } from "./http2-lines.ts";
import { END_STREAM, SESSION_WINDOW_BYTES, sessionOptions } from "./http2-settings.ts";
import type { Call, CallEvents, Connections, EngineSettings, OutgoingHead, UpstreamTarget } from "./plane.ts";
import { KEEP_ALIVE_MS } from "./tunnel.ts";

/** Before the peer's SETTINGS say otherwise. */
const ASSUMED_STREAMS = 100;

/** One session; `queue` holds calls until its connection stands. */
interface Slot {
  session: ClientHttp2Session | undefined;
  queue: Http2Call[] | undefined;
  address: string;
  port: number;
  localPort: number | undefined;
  open: number;
  streams: number;
  /** The peer has sent SETTINGS: it speaks HTTP/2. */
  ready: boolean;
  /** And takes extended CONNECT. Calls that would leave HTTP wait in `asking` until that is known. */
  connects: boolean;
  asking: Http2Call[];
  probing: boolean;
  /** Epoch milliseconds. */
  openedMs: number;
}

export function createHttp2Sessions(target: UpstreamTarget, settings: EngineSettings, dial: Dial): Connections {
  const slots = new Set<Slot>();
  const options = sessionOptions(settings);
  let closing = false;
  let emptied: (() => void) | undefined;

  const drop = (slot: Slot): void => {
    slots.delete(slot);
    if (slots.size === 0) emptied?.();
  };
  const begin = (slot: Slot, socket: Socket): void => {
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const session = connect(target.url.origin, { ...options, createConnection: () => socket });
    const queue = slot.queue ?? [];
    slot.queue = undefined;
    slot.session = session;
    slot.address = socket.remoteAddress ?? "";
    slot.port = socket.remotePort ?? 0;
    slot.localPort = socket.localPort;
    session.setLocalWindowSize(SESSION_WINDOW_BYTES);
    session.on("error", ignore);
    session.on("remoteSettings", (remote) => {
      slot.ready = true;
      slot.streams = remote.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
      slot.connects = remote.enableConnectProtocol ?? false;
      for (const call of slot.asking.splice(0)) call.start(slot);
    });
    // GOAWAY: what is open ends, what is new goes over another session.
    session.once("goaway", () => slots.delete(slot));
    session.once("close", () => {
      drop(slot);
      for (const call of slot.asking.splice(0)) call.start(slot);
    });
    for (const call of queue) call.start(slot);
    if (closing) session.close();
  };
  const openSlot = (): Slot => {
    const slot: Slot = {
      session: undefined,
      queue: [],
      address: "",
      port: 0,
      localPort: undefined,
      open: 0,
      streams: ASSUMED_STREAMS,
      ready: false,
      connects: false,
      asking: [],
      probing: false,
      openedMs: settings.clock.now(),
    };
    slots.add(slot);
    dial(["h2"], (error, socket) => {
      if (error === null && socket !== null && speaksHttp2(target, socket)) return begin(slot, socket);
      socket?.destroy();
      drop(slot);
      const failure = error?.failure ?? failureOf("unreachable", { text: "upstream does not speak HTTP/2" });
      for (const call of slot.queue ?? []) call.fail(failure);
    });
    return slot;
  };
  const retireOld = (): void => {
    const latestMs = settings.clock.now() - target.maxAgeMs;
    // GOAWAY and then the end of what is open, as where the upstream itself asks for it.
    for (const { session, openedMs } of slots) if (openedMs <= latestMs && session?.closed === false) session.close();
  };
  const pick = (): Slot | undefined => {
    if (target.maxAgeMs !== Number.POSITIVE_INFINITY) retireOld();
    let best: Slot | undefined;
    for (const slot of slots) if (isUsable(slot) && (best === undefined || slot.open < best.open)) best = slot;
    if (best === undefined || (best.open >= best.streams && slots.size < target.connections)) return openSlot();
    return best.open - best.streams < settings.limits.waiting ? best : undefined;
  };
  const suspect = (slot: Slot): void => probe(slot, settings);
  return {
    refuses: true,
    send(head, events) {
      const call = new Http2Call(head, events, suspect);
      const slot = closing ? undefined : pick();
      if (slot === undefined) queueMicrotask(() => call.fail(failureOf("busy")));
      else call.enter(slot);
      return call;
    },
    close(signal) {
      closing = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      const abort = (): void => {
        for (const { session } of slots) session?.destroy();
        resolve();
      };
      if (signal.aborted || slots.size === 0) {
        abort();
        return promise;
      }
      emptied = () => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
      signal.addEventListener("abort", abort, { once: true });
      for (const { session } of slots) session?.close();
      return promise;
    },
  };
}

/** A session that breaks tells its streams before it tells that it is closed. */
function isUsable({ session }: Slot): boolean {
  return session === undefined || !(session.closed || session.destroyed);
}

function ignore(): void {
  // Every stream of the session tells its own end.
}

function speaksHttp2(target: UpstreamTarget, socket: Socket): boolean {
  return target.url.protocol === "http:" || ("alpnProtocol" in socket && socket.alpnProtocol === "h2");
}

/** An answer that stayed out may mean a connection that died without a word: a PING tells. */
function probe(slot: Slot, settings: EngineSettings): void {
  const { session } = slot;
  if (session === undefined || session.destroyed || session.closed || slot.probing) return;
  slot.probing = true;
  const timer = settings.clock.after(settings.timeouts.connectMs, () => session.destroy());
  const asked = session.ping(() => {
    slot.probing = false;
    timer.cancel();
  });
  if (!asked) timer.cancel();
}

class Http2Call implements Call {
  readonly #head: OutgoingHead;
  readonly #events: CallEvents;
  readonly #suspect: (slot: Slot) => void;
  #slot: Slot | undefined;
  #stream: ClientHttp2Stream | undefined;
  #requestTrailers: FieldLines | undefined;
  #answerTrailers: FieldLines | undefined;
  #tunnel = false;
  #answered = false;
  #ended = false;
  #over = false;

  constructor(head: OutgoingHead, events: CallEvents, suspect: (slot: Slot) => void) {
    this.#head = head;
    this.#events = events;
    this.#suspect = suspect;
  }

  enter(slot: Slot): void {
    slot.open += 1;
    if (slot.queue === undefined) queueMicrotask(() => this.start(slot));
    else slot.queue.push(this);
  }

  start(slot: Slot): void {
    const { session } = slot;
    if (this.#over) return leave(slot);
    if (session === undefined || session.destroyed || session.closed) {
      leave(slot);
      return this.fail(failureOf("refused", { retry: true, code: REFUSED_STREAM }));
    }
    if (this.#head.upgrade !== undefined && !slot.ready) return void slot.asking.push(this);
    // Whoever does not take it up may be asked without: an offer can be declined (RFC 9110, section 7.8).
    const head = slot.connects ? this.#head : { ...this.#head, upgrade: undefined };
    this.#tunnel = head.upgrade !== undefined;
    let stream: ClientHttp2Stream;
    try {
      const endStream = head.body === "none" && !this.#tunnel;
      stream = session.request(toRequestList(head), { endStream, waitForTrailers: !endStream && head.trailers });
    } catch {
      leave(slot);
      return this.fail(failureOf("bad-request"));
    }
    this.#slot = slot;
    this.#stream = stream;
    this.#listen(stream, slot);
    this.#events.connected(slot.address, slot.port, slot.localPort, "h2");
  }

  write(chunk: Uint8Array): boolean {
    return this.#stream?.write(chunk) ?? true;
  }

  end(trailers: FieldLines | undefined): void {
    this.#requestTrailers = trailers;
    this.#stream?.end();
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  cancel(code: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream?.close(code);
    if (this.#slot !== undefined && !this.#answered) this.#suspect(this.#slot);
  }

  fail(failure: Failure): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.failed(failure);
  }

  #listen(stream: ClientHttp2Stream, slot: Slot): void {
    const events = this.#events;
    stream.on("error", (error) => this.#failed(error, slot));
    stream.once("close", () => {
      leave(slot);
      if (!this.#ended) this.#failed(undefined, slot);
    });
    stream.on("headers", (fields, _flags, raw: FieldLines) => {
      const status = Number(fields[":status"]);
      if (!this.#over && status !== 100) events.informed(status, withoutPseudo(raw));
    });
    stream.once("response", (fields, flags, raw: FieldLines) =>
      this.#answer(stream, slot, fields[":status"], flags, raw),
    );
    if (this.#head.body === "none" && !this.#tunnel) return;
    stream.on("drain", () => this.#over || events.drained());
    if (this.#head.trailers) {
      stream.once("wantTrailers", () => {
        stream.sendTrailers(this.#requestTrailers === undefined ? {} : toFields(this.#requestTrailers));
      });
    }
  }

  #answer(stream: ClientHttp2Stream, slot: Slot, status: number | undefined, flags: number, raw: FieldLines): void {
    if (this.#over) return;
    this.#answered = true;
    const open = (flags & END_STREAM) === 0;
    const lines = withoutPseudo(raw);
    const begun = this.#tunnel && open && status === 200;
    const head = { status: begun ? 101 : (status ?? 0), reason: undefined, lines, open, trailers: open && !begun };
    this.#events.answered({ ...head, last: false });
    stream.on("data", (chunk: Uint8Array) => this.#over || this.#events.body(chunk));
    stream.on("trailers", (_fields, _flags, trailers: FieldLines) => {
      this.#answerTrailers = trailers;
    });
    stream.once("end", () => this.#end(stream, slot));
  }

  /**
   * A reset with NO_ERROR ends the readable side as END_STREAM does; after a whole answer that is a reply to a long
   * request. So does the end of the connection, with CANCEL. Trailers have ended the stream before either.
   */
  #end(stream: ClientHttp2Stream, slot: Slot): void {
    if (this.#over || this.#ended) return;
    const cut = (stream.rstCode ?? NO_ERROR) !== NO_ERROR && this.#answerTrailers === undefined;
    if (cut) return this.#failed(undefined, slot);
    this.#ended = true;
    if (stream.writableEnded) this.#over = true;
    this.#events.ended(this.#answerTrailers);
  }

  #failed(error: Error | undefined, slot: Slot): void {
    if (this.#over) return;
    const { session } = slot;
    const code = this.#stream?.rstCode ?? NO_ERROR;
    if (!slot.ready) return this.fail(failureOf("unreachable"));
    if (code === REFUSED_STREAM) return this.fail(failureOf("refused", { retry: true, code }));
    const gone = session === undefined || session.destroyed || (error !== undefined && code === NO_ERROR);
    const retry = !this.#answered && this.#head.body === "none" && isIdempotent(this.#head.method);
    if (gone) return this.fail(failureOf("lost", { retry }));
    this.fail(failureOf("reset", { code: code === NO_ERROR ? INTERNAL_ERROR : code }));
  }
}

function leave(slot: Slot): void {
  slot.open -= 1;
}
