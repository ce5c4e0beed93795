/** The member `ot` of a tracestate: what OpenTelemetry's samplers tell each other, `th` and `rv`. */
import { formatThreshold, parseRandomness, parseThreshold } from "./threshold.ts";

export interface OtMember {
  /** 14 digits each; undefined where it is absent or not what it should be. */
  readonly threshold: string | undefined;
  readonly randomness: string | undefined;
}

const none: OtMember = { threshold: undefined, randomness: undefined };

/** W3C Trace Context, section 3.3.1: a list has at most 32 members, a value at most 256 characters. */
const maxMembers = 32;
const maxValueLength = 256;

export function readOt(tracestate: string): OtMember {
  if (!tracestate.includes("ot=")) return none;
  const value = valueOf(tracestate.split(","));
  if (value === undefined) return none;
  let threshold: string | undefined;
  let randomness: string | undefined;
  for (const entry of value.split(";")) {
    if (entry.startsWith("th:")) threshold = parseThreshold(entry.slice(3));
    else if (entry.startsWith("rv:")) randomness = parseRandomness(entry.slice(3));
  }
  return { threshold, randomness };
}

/** The tracestate with another threshold, or with none; `ot` moves to the front, as a member that was changed should. */
export function writeThreshold(tracestate: string, threshold: string | undefined): string {
  const members = tracestate.split(",").map((member) => member.trim());
  const entries = (valueOf(members) ?? "").split(";").filter((entry) => entry !== "" && !entry.startsWith("th:"));
  if (threshold !== undefined) entries.unshift(`th:${formatThreshold(threshold)}`);
  const others = members.filter((member) => member !== "" && !member.startsWith("ot="));
  if (entries.length === 0) return others.join(",");
  const whole = entries.join(";");
  const value = whole.length > maxValueLength ? entries.filter((entry) => /^(?:th|rv):/.test(entry)).join(";") : whole;
  return [`ot=${value}`, ...others].slice(0, maxMembers).join(",");
}

function valueOf(members: readonly string[]): string | undefined {
  for (const member of members) {
    const text = member.trim();
    if (text.startsWith("ot=")) return text.slice(3);
  }
  return undefined;
}
