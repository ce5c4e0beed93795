/** Settings every HTTP/2 session of ours has, toward callers and upstreams. */
import type { EngineSettings } from "./plane.ts";

/** What one stream may send ahead of its reader. */
const STREAM_WINDOW_BYTES = 256 * 1024;

/** Many times a stream's: a stream whose reader has stopped must not take the others' room. */
export const SESSION_WINDOW_BYTES: number = 16 * 1024 * 1024;

/** The least a header line costs in the size that `maxHeaderListSize` counts. RFC 9113, section 6.5.2. */
export const LINE_BYTES = 32;

/** `END_STREAM` among a frame's flags. RFC 9113, section 6.2. */
export const END_STREAM = 0x1;

/** Beyond it node:http2 turns new streams away; every stream's unsent chunk counts. */
const SESSION_MEGABYTES = 64;

export interface SessionOptions {
  readonly maxSessionMemory: number;
  /** node:http2 resets a stream with more lines; so that bytes decide, as everywhere. */
  readonly maxHeaderListPairs: number;
  /** Repeated single-value fields are the two ends' affair; refusing to write them would break the exchange. */
  readonly strictSingleValueFields: boolean;
  readonly settings: {
    readonly enablePush: boolean;
    readonly initialWindowSize: number;
    readonly maxHeaderListSize: number;
    readonly maxConcurrentStreams?: number;
    readonly enableConnectProtocol?: boolean;
  };
}

export function sessionOptions(settings: EngineSettings, streams?: number): SessionOptions {
  // Beyond what it announces node:http2 can only reset; up to twice the limit a caller is answered with 431.
  const headBytes = settings.limits.headBytes * (streams === undefined ? 1 : 2);
  return {
    maxSessionMemory: SESSION_MEGABYTES,
    maxHeaderListPairs: Math.ceil(headBytes / LINE_BYTES),
    strictSingleValueFields: false,
    settings: {
      enablePush: false,
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxHeaderListSize: headBytes,
      // RFC 8441, section 3: said by servers alone.
      ...(streams === undefined ? undefined : { maxConcurrentStreams: streams, enableConnectProtocol: true }),
    },
  };
}
