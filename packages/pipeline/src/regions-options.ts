/** The options of a destination's failover. */
import type { DestinationOptions } from "./destination.ts";

export type FailoverTargetOptions = Pick<DestinationOptions, "endpoint" | "protocol" | "headers" | "tls" | "region">;

export interface FailoverDestinationOptions {
  /** In order of preference. Headers, TLS and region are a target's own; the protocol is the destination's unless told. */
  readonly targets: readonly (Pick<FailoverTargetOptions, "endpoint"> & Partial<FailoverTargetOptions>)[];
  /** The destination must have been gone so long. Default 30 000. */
  readonly afterMs?: number;
}
