/** What a pipeline tells its log: rare events only, never one per batch that went well. */
import type { Signal } from "@tracemend/otlp";
import type { DropReason } from "./ledger.ts";

export type PipelineEvent =
  | { readonly kind: "reachable" | "unreachable"; readonly destination: string; readonly message: string }
  | {
      readonly kind: "dropped";
      readonly destination: string;
      readonly signal: Signal;
      readonly items: number;
      readonly reason: DropReason;
    }
  | {
      readonly kind: "refused-by-peer";
      readonly destination: string;
      readonly signal: Signal;
      /** 0 when the peer took everything and had something to say. */
      readonly items: number;
      /** As the peer worded it. */
      readonly message: string;
    }
  /** A queue on disk was opened and held something; `tornBytes` belong to a write that was cut off and not acknowledged. */
  | {
      readonly kind: "disk-recovered";
      readonly destination: string;
      readonly items: number;
      readonly tornBytes: number;
    }
  /** A queue on disk could not write: it takes nothing until it can. */
  | { readonly kind: "disk-failing"; readonly destination: string; readonly message: string }
  /** Batches go to another of a destination's targets than before, or back to the first. */
  | {
      readonly kind: "failover";
      readonly destination: string;
      readonly endpoint: string;
      readonly region: string | undefined;
    }
  /** Of a destination with several peers; the failure leaves the peers known before. */
  | { readonly kind: "peers-changed"; readonly destination: string; readonly peers: readonly string[] }
  | { readonly kind: "resolver-failed"; readonly destination: string; readonly message: string }
  | {
      readonly kind: "peer-ejected" | "peer-returned";
      readonly destination: string;
      readonly peer: string;
      readonly message: string;
    }
  | { readonly kind: "observer-failed"; readonly message: string };

/** Never throws. */
export type Log = (event: PipelineEvent) => void;

/** A log that survives its user's mistakes. */
export function defineLog(log: ((event: PipelineEvent) => void) | undefined): Log {
  if (log === undefined) return () => {};
  return (event) => {
    try {
      log(event);
    } catch {
      // Telemetry about telemetry: there is nobody left to tell.
    }
  };
}
