/** Subscribing to diagnostics channels so that no failure of ours reaches the process. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { ClientHttp2Stream, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Outgoing } from "../carry.ts";
import { failOpen } from "../fail-open.ts";
import type { Head } from "../head.ts";

/** A call is about to leave; `call` is what stands for it on the channels that speak of it later. */
export type OnCall = (outgoing: Outgoing, head: Head, call: object) => void;

/** Ends the watch. */
export type Unwatch = () => void;

/** What undici 6 and later publish. Source: undici, docs/api/DiagnosticsChannel.md. */
export interface UndiciRequest {
  readonly method: string;
  readonly origin: string | URL;
  readonly path: string;
  /** Name, value, name, value …; a value may be a list. A text in older versions. */
  readonly headers: unknown;
  addHeader: (name: string, value: string) => unknown;
}

/** The channels and their messages. Source: Node.js, Diagnostics Channel, built-in channels. */
interface Channels {
  readonly "undici:request:create": { readonly request: UndiciRequest };
  readonly "undici:request:headers": {
    readonly request: UndiciRequest;
    /** Name, value, name, value … as they came. */
    readonly response: { readonly headers: readonly Uint8Array[] };
  };
  readonly "undici:client:connected": { readonly socket: Socket };
  readonly "http.client.request.created": { readonly request: ClientRequest };
  readonly "http.client.response.finish": { readonly request: ClientRequest; readonly response: IncomingMessage };
  readonly "http.server.request.start": { readonly request: IncomingMessage; readonly response: ServerResponse };
  readonly "http2.client.stream.created": { readonly stream: ClientHttp2Stream; readonly headers: IncomingHttpHeaders };
  readonly "http2.server.stream.created": { readonly stream: ServerHttp2Stream; readonly headers: IncomingHttpHeaders };
}

export function watch<Name extends keyof Channels>(channel: Name, seen: (message: Channels[Name]) => void): Unwatch {
  const onMessage = (message: unknown): void => failOpen(() => seen(message as Channels[Name]));
  subscribe(channel, onMessage);
  return () => void unsubscribe(channel, onMessage);
}
