/** Which members of `baggage` pass a boundary. Source: W3C Baggage, section 3. */
import { trimBlanks } from "./field-lines.ts";

export interface BaggageOptions {
  /** Keys that pass, `*` at the end for a prefix. Default: all. */
  readonly keep?: readonly string[];
  /** Keys that do not pass, whatever `keep` says. */
  readonly drop?: readonly string[];
  /** Default 8192, what W3C Baggage, 3.3.2, asks every participant to pass on. */
  readonly maxBytes?: number;
  /** Default 64, as above. */
  readonly maxMembers?: number;
}

export type BaggageRules = Required<BaggageOptions>;

export const KEEP_ALL: BaggageRules = { keep: ["*"], drop: [], maxBytes: 8192, maxMembers: 64 };

/** What leaves in place of the lines' values: undefined where they pass as they are, `null` where nothing does. */
export function filterBaggage(rules: BaggageRules, values: readonly string[]): string | null | undefined {
  if (values.length === 0) return undefined;
  const members = values
    .flatMap((value) => value.split(","))
    .map(trimBlanks)
    .filter((member) => member !== "");
  const passing: string[] = [];
  let bytes = -1;
  for (const member of members) {
    if (!passes(rules, keyOf(member)) || passing.length === rules.maxMembers) continue;
    // The last ones give way: what a field's value is made of is one byte for each character.
    if (bytes + member.length + 1 > rules.maxBytes) break;
    bytes += member.length + 1;
    passing.push(member);
  }
  if (passing.length === 0) return null;
  return passing.length === members.length ? undefined : passing.join(",");
}

/** Properties after `;` belong to the value. */
function keyOf(member: string): string {
  const equals = member.indexOf("=");
  return equals < 0 ? "" : trimBlanks(member.slice(0, equals));
}

function passes(rules: BaggageRules, key: string): boolean {
  if (key === "") return false;
  return rules.keep.some((pattern) => matches(pattern, key)) && !rules.drop.some((pattern) => matches(pattern, key));
}

function matches(pattern: string, key: string): boolean {
  return pattern.endsWith("*") ? key.startsWith(pattern.slice(0, -1)) : key === pattern;
}
