/** One connection to an HTTP/1.1 upstream: what is read from it goes to the call that it carries. */
import type { Socket } from "node:net";
import type { FieldLines } from "@tracemend/context";
import type { Deadline } from "../deadlines.ts";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import type { AnswerParserEvents } from "./answer-parser.ts";
import { AnswerParser } from "./answer-parser.ts";
import type { Dial } from "./dial.ts";
import { breakOff, readOutAfterFailedWrite } from "./connection-end.ts";
import type { EngineSettings } from "./plane.ts";
import { KEEP_ALIVE_MS } from "./tunnel.ts";

/** Who uses a connection now. */
export interface WireUser extends AnswerParserEvents {
  drained(): void;
  /** The connection is lost or cannot be read on. `begun`: a byte of the answer was read. */
  broken(failure: Failure, begun: boolean): void;
}

export class Http1Wire implements AnswerParserEvents, Deadline {
  readonly address: string;
  readonly port: number;
  readonly localPort: number | undefined;
  /** Epoch milliseconds. */
  readonly openedMs: number;
  /** Answers were read from it before the present one. */
  reused = false;
  deadlineMs: number = Number.POSITIVE_INFINITY;
  place = -1;
  readonly #socket: Socket;
  readonly #parser: AnswerParser;
  readonly #shared: boolean;
  #user: WireUser | undefined;

  private constructor(socket: Socket, { limits, clock }: EngineSettings, shared: boolean) {
    this.#socket = socket;
    this.#shared = shared;
    this.#parser = new AnswerParser(this, limits.headBytes);
    this.address = socket.remoteAddress ?? "";
    this.port = socket.remotePort ?? 0;
    this.localPort = socket.localPort;
    this.openedMs = clock.now();
  }

  /** `gone` is told once of each connection that stood; `failed` where none came to stand. */
  static open(
    dial: Dial,
    settings: EngineSettings,
    gone: (wire: Http1Wire) => void,
    failed: (failure: Failure) => void,
    opened: (wire: Http1Wire) => void,
  ): void {
    let wire: Http1Wire | undefined;
    const read = (bytes: Buffer): void => {
      if (wire !== undefined) wire.#read(bytes);
    };
    dial(
      ["http/1.1"],
      (error, socket) => {
        if (error !== null || socket === null) return failed(error?.failure ?? failureOf("unreachable"));
        const made = new Http1Wire(socket, settings, !("encrypted" in socket));
        wire = made;
        if (made.#shared) readOutAfterFailedWrite(socket, settings.clock);
        else socket.on("data", read);
        socket.on("drain", () => made.#user?.drained());
        socket.once("end", () => made.#end());
        // What went wrong is told by the end of the connection.
        socket.on("error", () => undefined);
        socket.once("close", () => {
          made.#break(failureOf("lost"));
          gone(made);
        });
        opened(made);
      },
      read,
    );
  }

  get reusable(): boolean {
    return this.#parser.reusable && this.#socket.writable && !this.#socket.destroyed;
  }

  /** What the upstream said of its patience with the last answer. */
  get idleMs(): number | undefined {
    return this.#parser.idleMs;
  }

  /** From now on what is read belongs to this user. */
  begin(user: WireUser, method: string, upgrade: boolean): void {
    this.#user = user;
    this.#parser.expect(method, upgrade);
  }

  /** From now on every byte that is read belongs to this user, and none of it is HTTP. */
  beginTunnel(user: WireUser): void {
    this.#user = user;
    this.#parser.tunnel();
    this.openTunnel();
  }

  /** What is read now belongs to nobody. */
  leave(): void {
    this.#user = undefined;
    this.reused = true;
    this.resume();
  }

  /** Latin-1 or bytes; false: enough for now. */
  write(chunk: string | Uint8Array): boolean {
    return typeof chunk === "string" ? this.#socket.write(chunk, "latin1") : this.#socket.write(chunk);
  }

  /** All in one packet where they fit. */
  writeAll(chunks: readonly (string | Uint8Array)[]): boolean {
    let room = true;
    this.#socket.cork();
    for (const chunk of chunks) room = this.write(chunk);
    this.#socket.uncork();
    return room;
  }

  /** Nothing more is sent; what comes is still read. */
  finish(): void {
    this.#socket.end();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** From now on each side ends for itself. */
  openTunnel(): void {
    this.#socket.allowHalfOpen = true;
    this.#socket.setKeepAlive(true, KEEP_ALIVE_MS);
  }

  close(): void {
    this.#user = undefined;
    this.#socket.destroy();
  }

  /** So that the other side cannot take it for an end. */
  breakOff(): void {
    this.#user = undefined;
    breakOff(this.#socket);
  }

  expired(): void {
    this.close();
  }

  informed(status: number, lines: FieldLines): void {
    this.#user?.informed(status, lines);
  }

  head(status: number, reason: string, lines: FieldLines, open: boolean, chunked: boolean): void {
    this.#user?.head(status, reason, lines, open, chunked);
  }

  body(chunk: Uint8Array): void {
    // Plain connections share the memory that they are read into.
    this.#user?.body(this.#shared ? Buffer.from(chunk) : chunk);
  }

  ended(trailers: FieldLines): void {
    this.#user?.ended(trailers);
  }

  #read(bytes: Buffer): void {
    const wrong = this.#parser.feed(bytes);
    if (wrong === undefined) return;
    this.#break(failureOf("bad-answer"));
    this.close();
  }

  #end(): void {
    if (!this.#parser.end()) this.#break(failureOf("lost"));
    // What was sent into a tunnel may still wait to leave.
    else if (this.#user === undefined) this.#socket.destroySoon();
  }

  #break(failure: Failure): void {
    const user = this.#user;
    this.#user = undefined;
    user?.broken(failure, this.#parser.begun);
  }
}
