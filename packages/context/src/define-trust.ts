/** From the trust options a user writes to rules on one head. */
import { parseRange } from "./address.ts";
import { checkOneOf, checkWhole, checkedEach, wrong } from "./check.ts";
import type { Policy, Trust } from "./policy.ts";
import { createRate } from "./rate.ts";
import type { Signing, SigningOptions } from "./signing.ts";
import { createSigning, firstBytes } from "./signing.ts";
import type { TrustCondition, TrustRule } from "./trust.ts";
import { ruleBy } from "./trust.ts";

export interface TrustRuleOptions {
  /** All that are given must hold; one at least is given. */
  readonly when: {
    readonly listener?: string;
    /** Ranges of client addresses: `10.0.0.0/8`, `2001:db8::/32`. */
    readonly cidr?: readonly string[];
    /** Names in the client's verified certificate: `spiffe://eu/*`, `*.eu.example`, or whole. */
    readonly identity?: readonly string[];
    /** Whether the own member has a good signature. Needs `signing`. */
    readonly signed?: boolean;
  };
  readonly trust: Trust;
}

export interface TrustOptions {
  /** Where no rule decides. Default `continue`. */
  readonly trust?: Trust;
  /** The first whose conditions hold decides. */
  readonly trustRules?: readonly TrustRuleOptions[];
  /** Ranges of proxies whose entries in `X-Forwarded-For` are believed. */
  readonly trustedProxies?: readonly string[];
  /** Signs and verifies the own member. Needs `now`. */
  readonly signing?: SigningOptions;
  readonly sampling?: {
    /** Requests a second that may force sampling unless a border of ours signed for them. Needs `now`. */
    readonly maxForcedPerSecond?: number;
    /** A caller that forbids sampling is heeded, or we decide for ourselves. Default `honour`. */
    readonly denied?: "honour" | "override";
  };
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

const TRUSTS: readonly Trust[] = ["continue", "restart", "restart-external", "ignore"];
const MAX_KEYS = 4;
const MAX_WINDOW_MS = 86_400_000;

export function defineTrust(options: TrustOptions): Pick<Policy, "trust" | "rule" | "signing" | "denied"> {
  const { trust = "continue", trustRules = [], trustedProxies = [], sampling = {} } = options;
  checkOneOf("trust", trust, TRUSTS);
  const denied = sampling.denied ?? "honour";
  checkOneOf("sampling.denied", denied, ["honour", "override"]);
  const proxies = checkedEach("trustedProxies", trustedProxies, parseRange, "an address range");
  const signing =
    options.signing === undefined ? undefined : defineSigning(options.signing, clockOf(options, "signing"));
  const perSecond = sampling.maxForcedPerSecond;
  if (perSecond !== undefined && !(perSecond >= 0 && perSecond <= 1e9))
    throw wrong("sampling.maxForcedPerSecond", perSecond, "a number from 0 to 1e9");
  const forced =
    perSecond === undefined ? undefined : createRate(perSecond, clockOf(options, "sampling.maxForcedPerSecond"));
  const rules = trustRules.map((rule, index) => defineRule(rule, `trustRules[${index}]`, signing));
  const plain = rules.length === 0 && forced === undefined && trust !== "restart-external";
  const all = { rules, otherwise: trust, trustedProxies: proxies, signing, forced };
  return { trust, signing, denied, rule: plain ? undefined : (...request) => ruleBy(all, ...request) };
}

function defineRule(options: TrustRuleOptions, option: string, signing: Signing | undefined): TrustRule {
  const { listener, cidr, identity, signed } = options.when;
  checkOneOf(`${option}.trust`, options.trust, TRUSTS);
  if (listener === undefined && cidr === undefined && identity === undefined && signed === undefined)
    throw wrong(`${option}.when`, options.when, "at least one of listener, cidr, identity and signed");
  if (signed !== undefined && signing === undefined)
    throw wrong(`${option}.when.signed`, signed, "left out where signing is");
  const when: TrustCondition = {
    listener,
    ranges: cidr === undefined ? undefined : checkedEach(`${option}.when.cidr`, cidr, parseRange, "an address range"),
    identities:
      identity === undefined
        ? undefined
        : checkedEach(`${option}.when.identity`, identity, (name) => name || undefined, "a name"),
    signed,
  };
  return { when, trust: options.trust };
}

function defineSigning(options: SigningOptions, now: () => number): Signing {
  const { hmac, keys, windowMs = 300_000, maxUses = 4 } = options;
  if (typeof hmac !== "function") throw wrong("signing.hmac", hmac, "a function");
  checkedEach("signing.keys", keys, (key) => key || undefined, "a key");
  if (keys.length < 1 || keys.length > MAX_KEYS)
    throw wrong("signing.keys", `${keys.length} keys`, `a list of 1 to ${MAX_KEYS}`);
  checkWhole("signing.windowMs", windowMs, 1000, MAX_WINDOW_MS);
  checkWhole("signing.maxUses", maxUses, 1, 1_000_000);
  const code = hmac(keys[0] as string, "");
  if (firstBytes(code) === undefined)
    throw wrong("signing.hmac", code, "a function that gives 16 bytes or more, or as much lower-case hexadecimal");
  return createSigning({ hmac, keys, windowMs, maxUses }, now);
}

function clockOf(options: TrustOptions, needed: string): () => number {
  if (typeof options.now === "function") return options.now;
  throw new TypeError(`now is ${typeof options.now}; ${needed} needs a function that gives epoch milliseconds`);
}
