/** Whether what a caller sent goes on: ordered rules, and a cap on what callers may force. */
import type { AddressRange } from "./address.ts";
import { isInRange } from "./address.ts";
import type { Arrival } from "./arrival.ts";
import type { FieldLines } from "./field-lines.ts";
import { clientAddress } from "./forwarded.ts";
import { matchesIdentity } from "./identity.ts";
import { OWN_KEY, parseOwnMember, signedText } from "./own-member.ts";
import type { Ruling, Trust } from "./policy.ts";
import type { Rate } from "./rate.ts";
import type { Reading } from "./reading.ts";
import { isNoted } from "./reading.ts";
import type { Signing } from "./signing.ts";
import { isSampled } from "./trace-context.ts";
import { memberValue } from "./tracestate.ts";

/** All that are given must hold. */
export interface TrustCondition {
  /** The listener the request came in by. */
  readonly listener?: string | undefined;
  /** The client's address, behind trusted proxies, is in one of them. */
  readonly ranges?: readonly AddressRange[] | undefined;
  /** The client's verified certificate has one of these names. */
  readonly identities?: readonly string[] | undefined;
  /** The own member has a good signature. */
  readonly signed?: boolean | undefined;
}

export interface TrustRule {
  readonly when: TrustCondition;
  readonly trust: Trust;
}

export interface TrustRules {
  /** The first that holds decides. */
  readonly rules: readonly TrustRule[];
  /** Where none holds. */
  readonly otherwise: Trust;
  readonly trustedProxies: readonly AddressRange[];
  readonly signing: Signing | undefined;
  /** Requests whose caller forces sampling; undefined: as many as come. */
  readonly forced: Rate | undefined;
}

/** Rules on one head. Called once for each: a signature's uses and forced sampling are counted. */
export function ruleBy(rules: TrustRules, reading: Reading, lines: FieldLines, arrival: Arrival): Ruling {
  let signed: boolean | undefined;
  let client: Uint8Array | undefined;
  const isSigned = () => (signed ??= hasGoodSignature(rules.signing, reading));
  const holds = ({ listener, ranges, identities, signed: wanted }: TrustCondition): boolean => {
    if (listener !== undefined && listener !== arrival.listener) return false;
    if (identities !== undefined && !hasIdentity(identities, arrival.identities ?? [])) return false;
    if (ranges !== undefined) {
      client ??= clientAddress(lines, arrival.address, rules.trustedProxies);
      if (client === undefined || !isInOne(client, ranges)) return false;
    }
    return wanted === undefined || wanted === isSigned();
  };
  const trust = rules.rules.find(({ when }) => holds(when))?.trust ?? rules.otherwise;
  if (trust === "restart" || trust === "ignore") return { trust, capped: false };
  const ours = rules.signing === undefined ? isOwn(reading) : isSigned();
  if (trust === "restart-external" && !ours) return { trust: "restart", capped: false };
  const excused = rules.signing !== undefined && ours;
  const forces = !excused && reading.kind === "valid" && isSampled(reading.context);
  return { trust: "continue", capped: forces && rules.forced?.take() === false };
}

function isInOne(address: Uint8Array, ranges: readonly AddressRange[]): boolean {
  return ranges.some((range) => isInRange(address, range));
}

function hasIdentity(patterns: readonly string[], identities: readonly string[]): boolean {
  return patterns.some((pattern) => identities.some((identity) => matchesIdentity(pattern, identity)));
}

/** Without signatures our member can be forged: this tells a restarted trace from our own, not friend from foe. */
function isOwn(reading: Reading): boolean {
  return reading.kind === "valid" && reading.own !== undefined && !isNoted(reading, "own-member-mismatch");
}

function hasGoodSignature(signing: Signing | undefined, reading: Reading): boolean {
  if (signing === undefined) return false;
  const context = reading.kind === "valid" ? reading.context : reading.carried?.context;
  const member = context === undefined ? undefined : memberValue(context.tracestate, OWN_KEY);
  const own = member === undefined ? undefined : parseOwnMember(member);
  if (context === undefined || own?.signature === undefined) return false;
  return signing.verify(signedText(context.traceId, own), own.signature);
}
