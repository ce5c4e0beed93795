/** What is done with a trace context at a boundary, complete and checked. */
import type { Arrival } from "./arrival.ts";
import type { BaggageRules } from "./baggage.ts";
import type { FieldLines } from "./field-lines.ts";
import type { ForeignRules } from "./foreign/rules.ts";
import type { Reading } from "./reading.ts";
import type { Signing } from "./signing.ts";
import { KNOWN_FLAGS } from "./trace-context.ts";
import { MAX_LENGTH } from "./tracestate.ts";

/** `report` decides as `on` would and says so, but changes nothing. */
export type Repair = "off" | "report" | "on";

/**
 * What goes beyond the specification. `carrier`: a context that was lost or spoilt before us comes back from the extra
 * carrier. `case`: upper-case hexadecimal is lowered. `duplicates`: one of several `traceparent` values of one trace is
 * taken. `members`: the valid members of an invalid `tracestate` are kept. `nominated`: trace fields that `Connection`
 * names leave all the same. `stale`: what other formats say of an older context is refreshed or removed. `parent`: the
 * parent is the last span a border exported, across a hop that writes span ids it never exports.
 */
export type RepairName = "carrier" | "case" | "duplicates" | "members" | "nominated" | "stale" | "parent";

export type Repairs = Readonly<Record<RepairName, Repair>>;

/**
 * `continue`: the caller's context goes on. `restart`: a new trace begins here and links to it. `restart-external`: it
 * goes on where our own member shows that it comes from us, else a new trace begins. `ignore`: as though it had not come.
 */
export type Trust = "continue" | "restart" | "restart-external" | "ignore";

/** What trust came to for one request. */
export interface Ruling {
  readonly trust: "continue" | "restart" | "ignore";
  /** The caller forces sampling, and more often than it may. */
  readonly capped: boolean;
}

export interface Carrier {
  /** The header field, lower case. One that the gateway in between lets through. */
  readonly field: string;
  /** Read and remove the carrier of a border before us. */
  readonly read: boolean;
  /** Write one for the border behind us. Only toward hops of the same trust domain. */
  readonly send: boolean;
}

/** Fields beside the context that the policy has a say in. */
export interface Aside {
  /** The values of `baggage`, as they came. */
  readonly baggage: readonly string[];
  /** Fields that came and do not leave, lower case. */
  readonly cleared: readonly string[];
}

/** What a policy asks beyond W3C's two fields. Undefined costs nothing. */
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
  /** Rules on one head where trust is more than one word for all. */
  readonly rule: ((reading: Reading, lines: FieldLines, arrival: Arrival) => Ruling) | undefined;
  readonly foreign: ForeignRules | undefined;
  /** Looks for the fields beside the context. */
  readonly lookAside: ((lines: FieldLines) => Aside) | undefined;
  readonly baggage: BaggageRules | undefined;
  readonly signing: Signing | undefined;
  /** Whether a caller that forbids sampling is heeded. */
  readonly denied: "honour" | "override";
  /** What becomes of the outside context: dropped on a restart, remembered inside the new trace, put back on the way out. */
  readonly outside: "drop" | "remember" | "restore";
  /** The flag bits that leave. */
  readonly flagMask: number;
  /** Whether other bits are taken away even from a context that goes on as it came. */
  readonly flagsAlways: boolean;
  /** No context leaves, in any format. */
  readonly strip: boolean;
  /** Policies of single upstreams in place of this one. */
  readonly upstreams: ReadonlyMap<string, Policy> | undefined;
  /** `isPlain` of all the rest. */
  readonly plain: boolean;
}

/** Whether nothing is asked of a clean context in W3C's two fields but that it goes on, with our span where there is one. */
export function isPlain(policy: Omit<Policy, "plain">): boolean {
  const { trust, rule, carrier, foreign, lookAside, denied, outside, flagsAlways, strip } = policy;
  const believes = trust === "continue" && rule === undefined && denied === "honour";
  const looks = carrier !== undefined || foreign !== undefined || lookAside !== undefined;
  return believes && !looks && outside !== "restore" && !flagsAlways && !strip;
}

/** What the specification asks and nothing beyond it. */
export const PRESERVE: Policy = {
  trust: "continue",
  repair: "off",
  repairs: {
    carrier: "off",
    case: "off",
    duplicates: "off",
    members: "off",
    nominated: "on",
    stale: "off",
    parent: "off",
  },
  duplicate: "last",
  carrier: undefined,
  start: true,
  tracestateMaxLength: MAX_LENGTH,
  rule: undefined,
  foreign: undefined,
  lookAside: undefined,
  baggage: undefined,
  signing: undefined,
  denied: "honour",
  outside: "drop",
  flagMask: KNOWN_FLAGS,
  flagsAlways: false,
  strip: false,
  upstreams: undefined,
  plain: true,
};
