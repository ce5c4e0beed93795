/** The options of a redaction, checked, as rules on attribute keys and on text. */
import type { AttributeRule, StringRules } from "@tracemend/otlp";
import { replaceAddresses, truncateAddress } from "./addresses.ts";
import { Digests, leastKeyBytes } from "./digest.ts";
import { defineExpression, knownPatterns } from "./patterns.ts";
import type { Pattern, PatternName } from "./patterns.ts";
import { bitOf, definePrefilter, everyPattern } from "./prefilter.ts";

/** `truncate-ip`: addresses are cut to their network, IPv4 to /24 and IPv6 to /48. */
export type RedactAction = "mask" | "hash" | "truncate-ip";

export interface RedactAttributes {
  /** Exact keys, and beginnings of keys followed by "*". They hold at any depth, of resources and events too. */
  readonly keys: readonly string[];
  /**
   * What becomes of every value in them, numbers and booleans included; a value without an address is masked by
   * `truncate-ip`.
   */
  readonly action: RedactAction | "delete";
}

export interface RedactPattern {
  readonly pattern: PatternName | RegExp;
  /** Default: `truncate-ip` for the pattern "ip", else `mask`. */
  readonly action?: RedactAction;
  /** For an expression: ASCII characters that every match contains. Text without them is not searched, at no cost. */
  readonly requires?: string;
}

export interface RedactOptions {
  /** The first entry that names a key counts. */
  readonly attributes?: readonly RedactAttributes[];
  /** Allow-list: attributes with other keys than these and those in `attributes` are deleted. */
  readonly allow?: readonly string[];
  /** Looked for in every string: names, messages, bodies, attribute keys and values, tracestate. */
  readonly patterns?: readonly (PatternName | RedactPattern)[];
  /** Makes digests HMAC-SHA256, so that nobody without it can try out values. At least 32 bytes. */
  readonly hashKey?: string;
}

const mask = "****";

/** What a replacement leaves can be a match that its neighbour hid, so the search goes on until it finds nothing. */
const maxRounds = 8;

type Change = (value: string) => string;

/** Throws a TypeError that names the option and its value; the key's value is not told. */
export function defineRedactPolicy(options: RedactOptions): StringRules {
  const { attributes = [], allow, patterns = [], hashKey } = options;
  if (hashKey !== undefined && Buffer.byteLength(hashKey) < leastKeyBytes) {
    throw new TypeError(`redact option hashKey must have at least ${leastKeyBytes} bytes`);
  }
  if (attributes.length === 0 && allow === undefined && patterns.length === 0) {
    throw new TypeError("redact needs attributes, allow or patterns: with none of them nothing is redacted");
  }
  const digests = new Digests(hashKey);
  const changes: Readonly<Record<RedactAction, Change>> = {
    mask: () => mask,
    hash: (value) => digests.of(value),
    "truncate-ip": truncateAddress,
  };
  const values: Readonly<Record<RedactAction, Change>> = { ...changes, "truncate-ip": truncateOrMask };
  const named = attributes.map(({ keys, action }) => {
    if (action !== "delete" && !Object.hasOwn(values, action)) return fail("attributes.action", action);
    return {
      matches: defineKeys("attributes.keys", keys),
      rule: action === "delete" ? ("drop" as const) : values[action],
    };
  });
  const isAllowed = allow === undefined ? () => true : defineKeys("allow", allow);
  const searches = patterns.map((entry) =>
    defineSearch(typeof entry === "string" ? { pattern: entry } : entry, changes),
  );

  const search = (piece: string, mayMatch: number): string => {
    let text = piece;
    let left = mayMatch;
    for (let round = 0; round < maxRounds; round++) {
      const before = text;
      for (const [index, { pattern, change }] of searches.entries()) {
        if ((left & bitOf(index)) !== 0) text = digests.around(text, (part) => pattern.apply(part, change));
      }
      if (text === before) return text;
      left = everyPattern;
    }
    return text;
  };
  const prefilter = definePrefilter(searches.map(({ pattern }) => pattern));
  const judge = (key: string): AttributeRule => {
    const entry = named.find(({ matches }) => matches(key));
    if (entry !== undefined) return entry.rule;
    return isAllowed(key) ? undefined : "drop";
  };
  return {
    text: (text, _site, concern) => search(text, concern),
    concerns: searches.length === 0 ? () => 0 : prefilter,
    ...(attributes.length > 0 || allow !== undefined ? { attribute: judge } : {}),
  };
}

/** For text that is no telemetry yet: what becomes of the value of an attribute; undefined where it is deleted. */
export function defineTextRedaction(options: RedactOptions): (key: string, value: string) => string | undefined {
  const rules = defineRedactPolicy(options);
  return (key, value) => {
    const rule = rules.attribute?.(key);
    if (rule === "drop") return undefined;
    return rule === undefined
      ? rules.text(value, { message: "AnyValue", field: "stringValue", keys: [key] }, everyPattern)
      : rule(value);
  };
}

function truncateOrMask(value: string): string {
  let found = false;
  const truncated = replaceAddresses(value, (address) => {
    found = true;
    return truncateAddress(address);
  });
  return found ? truncated : mask;
}

function defineSearch(
  { pattern, action, requires = "" }: RedactPattern,
  changes: Readonly<Record<RedactAction, Change>>,
): { readonly pattern: Pattern; readonly change: Change } {
  const chosen = action ?? (pattern === "ip" ? "truncate-ip" : "mask");
  if (!Object.hasOwn(changes, chosen)) return fail("patterns.action", chosen);
  if (chosen === "truncate-ip" && pattern !== "ip")
    return fail("patterns.action", `truncate-ip for ${String(pattern)}`);
  const change = changes[chosen];
  if (!(pattern instanceof RegExp)) {
    if (!Object.hasOwn(knownPatterns, pattern)) return fail("patterns", pattern);
    return { pattern: knownPatterns[pattern], change };
  }
  // A sticky expression would match at the start of a text only, one that matches nothing would match everywhere.
  if (pattern.sticky || new RegExp(pattern.source, pattern.flags.replace("g", "")).test(""))
    return fail("patterns", String(pattern));
  if (/[^\u0020-\u007e]/.test(requires)) return fail("patterns.requires", requires);
  return { pattern: defineExpression(pattern, { characters: requires, digits: 0, length: 1 }), change };
}

/** A test for keys and beginnings of keys. */
function defineKeys(option: string, keys: readonly string[]): (key: string) => boolean {
  if (keys.some((key) => key === "" || key.slice(0, -1).includes("*"))) return fail(option, JSON.stringify(keys));
  const exact = new Set(keys.filter((key) => !key.endsWith("*")));
  const beginnings = keys.filter((key) => key.endsWith("*")).map((key) => key.slice(0, -1));
  return (key) => exact.has(key) || beginnings.some((beginning) => key.startsWith(beginning));
}

function fail(option: string, value: string): never {
  throw new TypeError(`redact option ${option} cannot be ${value}`);
}
