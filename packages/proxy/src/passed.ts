/** A crossing with what only a proxy knows of it: the route it took and each try at an upstream. */
import type { Crossing, CrossingFailure, Upstream } from "@tracemend/context";

/** One request as it was sent to one endpoint. */
export interface Try {
  /** The id of its own CLIENT span; undefined where it left under that of the try before, or of none. */
  readonly spanId: string | undefined;
  /** Undefined where no connection stood. */
  readonly upstream: Upstream | undefined;
  /** Epoch milliseconds, fractions allowed. */
  readonly startMs: number;
  readonly endMs: number;
  readonly status: number | undefined;
  /** Of the answer to it; undefined for anything but gRPC, and where none came. */
  readonly grpcStatus?: number | undefined;
  readonly failure: CrossingFailure | undefined;
}

export interface Passed extends Crossing {
  /** Undefined where none fitted. */
  readonly route: string | undefined;
  /** The path, or the template of paths, that the route is for; undefined where it is for any, or all below a prefix. */
  readonly template: string | undefined;
  /** As it may be shown, `completeQuery`; undefined where it may not, or there is none. */
  readonly query?: string | undefined;
  /** The upstream that was meant, reached or not. */
  readonly service: string | undefined;
  /** Of the URL that was called, where one was: the caller's own may be another. */
  readonly sentScheme?: "http" | "https" | undefined;
  /** The path that the route made of it; absent where it stayed the same. */
  readonly sentPath?: string | undefined;
  /** In order, where there was more than one; else empty: the crossing itself tells it. */
  readonly tries: readonly Try[];
  /** Of the bodies, as far as they came: the caller's, and the answer to it. */
  readonly requestBytes: number;
  readonly answerBytes: number;
  /** A copy for a mirror: its answer went to nobody. */
  readonly mirrored?: true;
}

/** Called synchronously, once for each crossing, after it has ended. An `Observer` is one. */
export interface PassedObserver {
  crossed(passed: Passed): void;
  /** A copy for a mirror has ended, before or after the request itself. Never told to `crossed`. */
  mirrored?(passed: Passed): void;
}

export const NO_TRIES: readonly Try[] = [];
