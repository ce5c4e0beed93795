/** From the options a user writes to a complete `Policy`: checked once, at construction. */
import { lookAside } from "./aside.ts";
import type { BaggageOptions, BaggageRules } from "./baggage.ts";
import { KEEP_ALL } from "./baggage.ts";
import { CARRIER_FIELD } from "./carrier.ts";
import { checkOneOf, checkWhole, checkedEach, fieldName, wrong } from "./check.ts";
import type { ForeignOptions } from "./define-foreign.ts";
import { defineForeign } from "./define-foreign.ts";
import type { TrustOptions } from "./define-trust.ts";
import { defineTrust } from "./define-trust.ts";
import { FORMATS } from "./foreign/formats.ts";
import { isClusterName } from "./own-member.ts";
import type { Carrier, Policy, Repair, RepairName, Repairs } from "./policy.ts";
import { PRESERVE, isPlain } from "./policy.ts";
import { KNOWN_FLAGS, SAMPLED } from "./trace-context.ts";
import { MAX_LENGTH, MAX_READ_LENGTH } from "./tracestate.ts";

/**
 * `standard`: reserved bits leave as zero where we write the field, as the specification asks. `level-2`: they never
 * leave, for readers that refuse them. `level-1`: nor does the random bit, for readers that know only `sampled`.
 */
export type FlagProfile = "standard" | "level-2" | "level-1";

/** What one upstream may need otherwise. */
export interface UpstreamOptions extends Pick<ForeignOptions, "inject" | "injectDefault" | "stale"> {
  readonly flags?: FlagProfile;
  readonly carrier?: { readonly field?: string; readonly read?: boolean; readonly send?: boolean };
  readonly baggage?: BaggageOptions;
  /** Header fields that do not leave unless an inject rule writes them. */
  readonly clear?: readonly string[];
  /** No context leaves, in any format, nor `baggage`; applied last. */
  readonly strip?: boolean;
  readonly outside?: "drop" | "remember" | "restore";
}

export interface PolicyOptions extends UpstreamOptions, TrustOptions, ForeignOptions {
  /** The level of every repair; `nominated` stays on and `parent` off unless `repairs` says otherwise. Default `off`. */
  readonly repair?: Repair;
  readonly repairs?: Partial<Repairs>;
  readonly duplicate?: "first" | "last";
  readonly start?: boolean;
  /** 512, the length every participant has to accept, to 8,192 characters. Default 512. */
  readonly tracestateMaxLength?: number;
  /** Options of single upstreams, by the name in `Arrival.upstream`. */
  readonly upstreams?: Readonly<Record<string, UpstreamOptions>>;
}

/** Completes the options; throws a `TypeError` that names the option and the value. */
export function definePolicy(options: PolicyOptions = {}): Policy {
  const { repair = PRESERVE.repair, duplicate = PRESERVE.duplicate, start = PRESERVE.start } = options;
  const { tracestateMaxLength = PRESERVE.tracestateMaxLength, upstreams = {} } = options;
  const trust = defineTrust(options);
  checkLevel("repair", repair);
  checkOneOf("duplicate", duplicate, ["first", "last"]);
  checkWhole("tracestateMaxLength", tracestateMaxLength, MAX_LENGTH, MAX_READ_LENGTH);
  const repairs = defineRepairs(repair, options.repairs ?? {});
  const shared = { ...trust, repair, repairs, duplicate, start, tracestateMaxLength };
  const complete = (own: UpstreamOptions, others: Policy["upstreams"]): Policy => {
    const policy = { ...shared, ...defineLeaving({ ...options, ...own }, repairs), upstreams: others };
    return { ...policy, plain: isPlain(policy) };
  };
  const entries = Object.entries(upstreams).map(([name, own]): [string, Policy] => [name, complete(own, undefined)]);
  return complete({}, entries.length === 0 ? undefined : new Map(entries));
}

/** What differs by upstream. */
function defineLeaving(
  options: PolicyOptions,
  repairs: Repairs,
): Pick<Policy, "foreign" | "carrier" | "lookAside" | "baggage" | "outside" | "flagMask" | "flagsAlways" | "strip"> {
  const { strip = PRESERVE.strip, outside = PRESERVE.outside, flags = "standard", clear = [] } = options;
  checkOneOf("flags", flags, ["standard", "level-2", "level-1"]);
  checkOneOf("outside", outside, ["drop", "remember", "restore"]);
  const cleared = checkedEach("clear", clear, fieldName, "a header field name");
  const carrier = options.carrier === undefined ? undefined : defineCarrier(options.carrier);
  if (strip && carrier?.send === true) throw wrong("carrier.send", true, "false where strip is true");
  if (strip && carrier?.read === false) throw wrong("carrier.read", false, "true where strip is true: it is taken out");
  if (!strip && carrier?.read === false && !carrier.send)
    throw wrong("carrier", carrier.field, "with read or send true, or be absent");
  const ignoring = [options.trust, ...(options.trustRules ?? []).map((rule) => rule.trust)].includes("ignore");
  const baggage = options.baggage === undefined ? undefined : defineBaggage(options.baggage);
  const looks = strip || ignoring || baggage !== undefined || cleared.length > 0;
  return {
    foreign: defineForeign(options, repairs.stale),
    carrier,
    lookAside: looks ? lookAside(cleared, strip) : undefined,
    baggage: baggage ?? (ignoring ? KEEP_ALL : undefined),
    outside,
    flagMask: flags === "level-1" ? SAMPLED : KNOWN_FLAGS,
    flagsAlways: flags !== "standard",
    strip,
  };
}

/** `nominated` only keeps what the caller sent; `parent` is right only behind a hop that is known to export nothing. */
const FOLLOWING: readonly RepairName[] = ["carrier", "case", "duplicates", "members", "stale"];

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
  const field = options.field ?? CARRIER_FIELD;
  const name = fieldName(field);
  if (name === undefined) throw wrong("carrier.field", field, "a header field name");
  if (RESERVED.has(name)) throw wrong("carrier.field", name, "a field that is not the context's or the message's own");
  return { field: name, read: options.read ?? false, send: options.send ?? false };
}

const RESERVED: ReadonlySet<string> = new Set([
  ..."traceparent tracestate baggage host connection content-length transfer-encoding te trailer upgrade expect".split(
    " ",
  ),
  ..."cookie authorization x-forwarded-for".split(" "),
  ...[...FORMATS.values()].flatMap((format) => format.fields),
]);

function defineBaggage(options: BaggageOptions): BaggageRules {
  const rules = { ...KEEP_ALL, ...options };
  for (const option of ["keep", "drop"] as const)
    checkedEach(`baggage.${option}`, rules[option], (key) => key || undefined, "a key, or the beginning of one and *");
  checkWhole("baggage.maxBytes", rules.maxBytes, 0, 1_048_576);
  checkWhole("baggage.maxMembers", rules.maxMembers, 0, 4096);
  return rules;
}

/** Throws a `TypeError` where the name cannot stand in the own `tracestate` member. */
export function checkClusterName(name: string): void {
  if (!isClusterName(name)) throw wrong("cluster", name, "1 to 16 characters of a-z, 0-9 and -");
}

function checkLevel(option: string, value: unknown): void {
  checkOneOf(option, value, ["off", "report", "on"]);
}
