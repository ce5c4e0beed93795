/** What a wire engine provides and is told: everything the phases know of sockets, streams and frames. */
import type { FieldLines, Peer } from "@tracemend/context";
import type { Clock } from "../clock.ts";
import type { Failure } from "../failure.ts";

/** `none` where the message ended with its head, `sized` where `content-length` says how long the body is. */
export type BodyKind = "none" | "sized" | "unsized";

/** A request as it came off the wire, pseudo-fields of HTTP/2 taken out of its lines. */
export interface RequestHead {
  readonly method: string;
  /** The request target in whichever form it came; `:path` of HTTP/2. */
  readonly target: string;
  /** As the request line gives it, for instance `1.1`; `2` for HTTP/2. */
  readonly version: string;
  readonly scheme: "http" | "https";
  /** `:authority` of HTTP/2; undefined where there was none, and for HTTP/1. */
  readonly authority: string | undefined;
  readonly lines: FieldLines;
  /** Lines that were read as strictly as HTTP/1.1 has them: who writes one of them on unchanged need not check it again. */
  readonly proven?: FieldLines | undefined;
  readonly body: BodyKind;
  /** Of a sized body. */
  readonly bodyBytes: number;
  /** Why nobody can say where it ends; then it has no body, and nothing may be read behind it. */
  readonly violation: string | undefined;
  /**
   * The caller asked to leave HTTP for this protocol and the engine can: `websocket`, by extended CONNECT over HTTP/2 too
   * (RFC 8441), where the method is GET all the same, as it is over HTTP/1.1; `tcp` by CONNECT, the target its authority.
   */
  readonly upgrade: string | undefined;
}

export interface AnswerHead {
  /** 200 to 599, or 101 where the connection, or the stream of HTTP/2, becomes a tunnel; it does too at 2xx for `tcp`. */
  readonly status: number;
  /** The reason phrase of HTTP/1; undefined for HTTP/2. */
  readonly reason: string | undefined;
  readonly lines: FieldLines;
  readonly proven?: FieldLines | undefined;
  /** Whether body or trailers can follow. */
  readonly open: boolean;
  /** Whether trailers can follow: only then an engine must keep a place for them. */
  readonly trailers: boolean;
  /** No other request may be read from an HTTP/1 connection after this one: where it ended is in doubt. */
  readonly last: boolean;
}

/**
 * One exchange's caller. An engine gives it to `accept` and reads no body before `resume`. Chunks that were handed over
 * belong to the one who got them.
 */
export interface Caller {
  readonly head: RequestHead;
  readonly peer: Peer | undefined;
  /** Names in the peer's certificate, where TLS verified it. */
  readonly identities?: readonly string[] | undefined;
  /** Names who is told from now on; called once, in the same turn as `accept`. */
  attach(events: CallerEvents): void;
  pause(): void;
  resume(): void;
  /** An answer of status 102 to 199 before the final one. */
  inform(status: number, lines: FieldLines): void;
  /** Throws where the head cannot be written. After one that opens a tunnel, `write` and `end` are the tunnel's. */
  answer(head: AnswerHead): void;
  /** False: enough for now, `drained` will be told. */
  write(chunk: Uint8Array): boolean;
  end(trailers: FieldLines | undefined): void;
  /** Breaks the exchange off so that the caller cannot take it for complete. `code`: RFC 9113, section 7. */
  reset(code: number): void;
}

export interface CallerEvents {
  body(chunk: Uint8Array): void;
  bodyEnded(trailers: FieldLines | undefined): void;
  drained(): void;
  /** The last thing told. `complete`: the whole answer was handed to the operating system. */
  closed(complete: boolean): void;
}

/** A request as it leaves. */
export interface OutgoingHead {
  readonly method: string;
  /** Origin-form or `*`; empty where `upgrade` is `tcp`. */
  readonly target: string;
  readonly scheme: "http" | "https";
  /** `Host` or `:authority`. */
  readonly authority: string;
  /** End-to-end fields with `host` and `content-length`, in the caller's order and case. */
  readonly lines: FieldLines;
  readonly proven?: FieldLines | undefined;
  readonly body: BodyKind;
  /** Whether trailers can follow. */
  readonly trailers: boolean;
  readonly upgrade: string | undefined;
}

/** One exchange with an upstream. `write` and `end` are called after `connected`, and not at all where there is no body. */
export interface Call {
  write(chunk: Uint8Array): boolean;
  end(trailers: FieldLines | undefined): void;
  pause(): void;
  resume(): void;
  /** Nothing is told after it. `code`: RFC 9113, section 7. */
  cancel(code: number): void;
}

/** What is spoken on a connection, as ALPN calls it. */
export type Alpn = "h2" | "http/1.1";

/**
 * Told in this order: connected, informed*, answered, body*, ended; or failed at any point. Only `connected` may come
 * before `send` has returned. `protocol`: undefined where the connection is a tunnel's.
 */
export interface CallEvents {
  connected(address: string, port: number, localPort: number | undefined, protocol: Alpn | undefined): void;
  informed(status: number, lines: FieldLines): void;
  answered(head: AnswerHead): void;
  body(chunk: Uint8Array): void;
  ended(trailers: FieldLines | undefined): void;
  drained(): void;
  failed(failure: Failure): void;
}

/** The connections to one upstream. */
export interface Connections {
  /** Whether an upstream may hand back a request that it has not looked at, whatever of its body was sent: HTTP/2. */
  readonly refuses: boolean;
  send(head: OutgoingHead, events: CallEvents): Call;
  /** Finishes what is open; an aborted signal breaks it off. */
  close(signal: AbortSignal): Promise<void>;
}

export interface TlsIdentity {
  readonly key: string | Uint8Array;
  readonly cert: string | Uint8Array;
}

export interface ListenTls extends TlsIdentity {
  /** More certificates: the first with a name that the caller asked for is shown (SNI), else the one above. */
  readonly others?: readonly TlsIdentity[];
  /** Who signs the certificates of callers. Absent: none is asked for. */
  readonly clientCa?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** `require` (the default) ends a connection without a verified certificate; `optional` lets it go on without names. */
  readonly clientAuth?: "require" | "optional";
}

export interface UpstreamTls {
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name asked for and checked; the URL's host where undefined. Never the caller's `Host`. */
  readonly serverName?: string;
  readonly rejectUnauthorized?: boolean;
}

export type UpstreamProtocol = "http/1.1" | "h2" | "auto";

/** An upstream, its options checked and completed. */
export interface UpstreamTarget {
  readonly name: string;
  readonly url: URL;
  readonly protocol: UpstreamProtocol;
  readonly tls: UpstreamTls;
  /** Most connections held at once. */
  readonly connections: number;
  /** A connection takes no new request once it is as old. */
  readonly maxAgeMs: number;
}

export interface ListenTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: ListenTls | undefined;
  readonly proxyProtocol: ProxyProtocol | undefined;
}

/** Each connection begins with the PROXY protocol's header, v1 or v2; one that does not, or is not trusted, is ended. */
export interface ProxyProtocol {
  /** Whether the other end of a connection may say who it is from. */
  readonly trusts: (address: string) => boolean;
  readonly timeoutMs: number;
}

export interface Limits {
  /** Open connections of callers to one listener; one more is closed as it comes. */
  readonly connections: number;
  /** Longest head, in either direction; a longer one is refused, never cut. */
  readonly headBytes: number;
  /** Longest target of a request; a longer one is refused with 414. */
  readonly targetBytes: number;
  /** Longest body of a request; a longer one is refused with 413, or broken off where it did not say its length. */
  readonly bodyBytes: number;
  /** Open exchanges on one connection of HTTP/2; HTTP/1.1 has one. */
  readonly streams: number;
  /** Requests that wait for a connection to one upstream. */
  readonly waiting: number;
}

export interface Timeouts {
  /** Until a connection to the upstream stands, TLS included. */
  readonly connectMs: number;
  /** From the end of the request to the head of the answer; a gRPC call brings its own deadline and is held to `idleMs`. */
  readonly answerMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  /** For a caller to send a whole head. */
  readonly headMs: number;
  /** An idle connection of a caller is kept this long. */
  readonly keepAliveMs: number;
}

/** Why a caller was turned away before there was a request to record. */
export type RefusalKind =
  /** More connections than the listener may have. */
  | "too-many-connections"
  /** No HTTP, or HTTP that two readers could read differently. */
  | "malformed"
  | "head-too-large"
  /** No whole head in time. */
  | "slow-head"
  /** No PROXY header, not in time, malformed, or from whom none is taken. */
  | "proxy-header"
  | "tls-handshake"
  /** Frames that break HTTP/2. */
  | "http2-error"
  /** Frames or requests at a rate no caller in good faith sends. */
  | "flood";

export interface Refusal {
  readonly kind: RefusalKind;
  readonly peer: Peer;
  /** What the caller was told; undefined where its connection ended without an answer of HTTP. */
  readonly status: number | undefined;
  /** The engine's own word for it. */
  readonly detail: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
}

export interface EngineSettings {
  /** Never throws. */
  readonly refused: (refusal: Refusal) => void;
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  readonly clock: Clock;
}

export interface Listener {
  readonly address: { readonly host: string; readonly port: number };
  /** Other certificates for connections from now on; open ones stay. Throws a `TypeError` where that cannot be. */
  secure(tls: ListenTls): void;
  /** Takes no new exchange, finishes the open ones; an aborted signal breaks them off. */
  close(signal: AbortSignal): Promise<void>;
}

/** The replaceable part: how bytes come in and go out. */
export interface DataPlane {
  listen(target: ListenTarget, settings: EngineSettings, accept: (caller: Caller) => void): Promise<Listener>;
  connect(target: UpstreamTarget, settings: EngineSettings): Connections;
}
