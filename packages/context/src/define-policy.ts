/** From the options a user writes to a complete `Policy`: checked once, at construction. */
import { CARRIER_FIELD } from "./carrier.ts";
import { isClusterName } from "./own-member.ts";
import type { Carrier, Policy, Repair, RepairName, Repairs, Trust } from "./policy.ts";
import { PRESERVE } from "./policy.ts";
import { MAX_LENGTH, MAX_READ_LENGTH } from "./tracestate.ts";

export interface PolicyOptions {
  readonly trust?: Trust;
  /** The level of every repair; `nominated` stays on unless `repairs` says otherwise. Default `off`. */
  readonly repair?: Repair;
  readonly repairs?: Partial<Repairs>;
  readonly duplicate?: "first" | "last";
  readonly carrier?: { readonly field?: string; readonly read?: boolean; readonly send?: boolean };
  readonly start?: boolean;
  /** 512, the length every participant has to accept, to 8,192 characters. Default 512. */
  readonly tracestateMaxLength?: number;
}

/** Completes the options; throws a `TypeError` that names the option and the value. */
export function definePolicy(options: PolicyOptions = {}): Policy {
  const { trust = PRESERVE.trust, repair = PRESERVE.repair, duplicate = PRESERVE.duplicate } = options;
  const { start = PRESERVE.start, carrier, tracestateMaxLength = PRESERVE.tracestateMaxLength } = options;
  checkOneOf("trust", trust, ["continue", "restart"]);
  checkLevel("repair", repair);
  checkOneOf("duplicate", duplicate, ["first", "last"]);
  checkWhole("tracestateMaxLength", tracestateMaxLength, MAX_LENGTH, MAX_READ_LENGTH);
  return {
    trust,
    repair,
    repairs: defineRepairs(repair, options.repairs ?? {}),
    duplicate,
    carrier: carrier === undefined ? undefined : defineCarrier(carrier),
    start,
    tracestateMaxLength,
  };
}

/** Repairs that `repair` sets the level of. `nominated` is on by itself: it only keeps what the caller sent. */
const FOLLOWING: readonly RepairName[] = ["carrier", "case", "duplicates", "members"];

function defineRepairs(repair: Repair, options: Partial<Repairs>): Repairs {
  const repairs = { ...PRESERVE.repairs };
  for (const name of FOLLOWING) repairs[name] = repair;
  for (const [name, level] of Object.entries(options)) {
    if (!Object.hasOwn(repairs, name)) throw wrong("repairs", name, Object.keys(repairs).join(", "));
    checkLevel(`repairs.${name}`, level);
    repairs[name as RepairName] = level;
  }
  return repairs;
}

function defineCarrier(options: NonNullable<PolicyOptions["carrier"]>): Carrier {
  const field = (options.field ?? CARRIER_FIELD).toLowerCase();
  if (!isToken(field)) throw wrong("carrier.field", field, "a header field name");
  if (RESERVED.has(field))
    throw wrong("carrier.field", field, "a field that is not the context's or the message's own");
  return { field, read: options.read ?? false, send: options.send ?? false };
}

const RESERVED = new Set(
  "traceparent tracestate baggage host connection content-length transfer-encoding te trailer upgrade expect cookie authorization".split(
    " ",
  ),
);

/** Source: RFC 9110, section 5.6.2. */
function isToken(text: string): boolean {
  if (text === "") return false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const alphanumeric = (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
    if (!alphanumeric && !"!#$%&'*+-.^_`|~".includes(text.charAt(at))) return false;
  }
  return true;
}

/** Throws a `TypeError` where the name cannot stand in the own `tracestate` member. */
export function checkClusterName(name: string): void {
  if (!isClusterName(name)) throw wrong("cluster", name, "1 to 16 characters of a-z, 0-9 and -");
}

function checkLevel(option: string, value: unknown): void {
  checkOneOf(option, value, ["off", "report", "on"]);
}

function checkOneOf(option: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.some((each) => each === value)) throw wrong(option, value, `one of ${allowed.join(", ")}`);
}

function checkWhole(option: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw wrong(option, value, `a whole number from ${min} to ${max}`);
}

function wrong(option: string, value: unknown, wanted: string): TypeError {
  return new TypeError(`${option} is ${JSON.stringify(value)}; it must be ${wanted}`);
}
