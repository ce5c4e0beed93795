/** What is done with a trace context at a boundary, complete and checked. */
import { MAX_LENGTH } from "./tracestate.ts";

/** `report` decides as `on` would and says so, but changes nothing. */
export type Repair = "off" | "report" | "on";

/**
 * What goes beyond the specification. `carrier`: a context that was lost or spoilt before us comes back from the extra
 * carrier. `case`: upper-case hexadecimal is lowered. `duplicates`: one of several `traceparent` values of one trace is
 * taken. `members`: the valid members of an invalid `tracestate` are kept. `nominated`: trace fields that `Connection`
 * names leave all the same.
 */
export type RepairName = "carrier" | "case" | "duplicates" | "members" | "nominated";

export type Repairs = Readonly<Record<RepairName, Repair>>;

/** Whether the caller's context goes on (`continue`) or a new trace begins here (`restart`). */
export type Trust = "continue" | "restart";

export interface Carrier {
  /** The header field, lower case. One that the gateway in between lets through. */
  readonly field: string;
  /** Read and remove the carrier of a border before us. */
  readonly read: boolean;
  /** Write one for the border behind us. Only toward hops of the same trust domain. */
  readonly send: boolean;
}

export interface Policy {
  readonly trust: Trust;
  /** The level of every repair that `repairs` does not name. */
  readonly repair: Repair;
  readonly repairs: Repairs;
  /** Which of several values of one trace the repair `duplicates` takes: `last` is the newest where hops append. */
  readonly duplicate: "first" | "last";
  readonly carrier: Carrier | undefined;
  /** Whether a request without a context begins a trace here. */
  readonly start: boolean;
  /** Characters of the longest `tracestate` that is written. */
  readonly tracestateMaxLength: number;
}

/** What the specification asks and nothing beyond it. */
export const PRESERVE: Policy = {
  trust: "continue",
  repair: "off",
  repairs: { carrier: "off", case: "off", duplicates: "off", members: "off", nominated: "on" },
  duplicate: "last",
  carrier: undefined,
  start: true,
  tracestateMaxLength: MAX_LENGTH,
};
