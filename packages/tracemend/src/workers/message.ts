/** What the program and its workers tell each other, each in the order it was said. */
import type { RefusalCounts, UpstreamState } from "@tracemend/proxy";
import type { Config } from "../config.ts";

export type ToWorker =
  /** Answered with `applied` or `refused`, before the next is said. */
  | (Job & { readonly kind: "apply" })
  /** So many slots more may be used. */
  | { readonly kind: "room"; readonly slots: number }
  /** The spans could not be exported now: every slot that is free comes back. */
  | { readonly kind: "withdraw" }
  /** One handover was dealt with. */
  | { readonly kind: "taken" }
  /** Drain, hand everything over, end. `cut`: what does not end by itself is broken off. */
  | { readonly kind: "close" | "cut" };

export interface Job {
  readonly config: Config;
  /** Every file that the configuration names for its boundaries, read once for all workers, by absolute path. */
  readonly pems: ReadonlyMap<string, string>;
  /** Resource attributes of our own spans. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
  readonly lease: LeaseTerms;
}

export interface LeaseTerms {
  /** What one slot has room for, in bytes. */
  readonly slotBytes: number;
  /** How many slots are held for requests that are still to come. */
  readonly spare: number;
}

export type FromWorker =
  | { readonly kind: "applied"; readonly listeners: readonly OpenedListener[] }
  | { readonly kind: "refused"; readonly message: string; readonly misconfigured: boolean }
  | {
      readonly kind: "state";
      readonly upstreams: readonly BoundaryUpstreams[];
      readonly refusals: readonly BoundaryRefusals[];
    }
  /** Those of this service could not be found out. */
  | { readonly kind: "endpoints"; readonly service: string; readonly reason: string }
  | Handover;

export interface OpenedListener {
  readonly name: string;
  readonly address: { readonly host: string; readonly port: number };
}

export interface BoundaryUpstreams {
  readonly boundary: string;
  readonly states: readonly UpstreamState[];
}

export interface BoundaryRefusals {
  readonly boundary: string;
  readonly counts: RefusalCounts;
}

export interface Handover {
  readonly kind: "handover";
  /** One OTLP request with `items` spans, out of `filled` slots; empty where there are none. */
  readonly spans: Uint8Array;
  readonly items: number;
  readonly filled: number;
  /** Slots that come back unused. */
  readonly returned: number;
  /** Slots whose ids may have left with requests that are not over. */
  readonly open: number;
  /** `packCrossings`. */
  readonly crossings: string;
  /** Crossings that there was no room to keep, since the handover before. */
  readonly lost: number;
}
