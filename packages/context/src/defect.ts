/** The closed list of what can be wrong with a trace context that came in. */

export type DefectCode =
  | "traceparent-length"
  | "traceparent-truncated"
  | "traceparent-syntax"
  | "traceparent-upper-case"
  | "traceparent-padded"
  | "traceparent-joined"
  | "version-forbidden"
  | "version-future"
  | "version-tail"
  | "trace-id-zero"
  | "parent-id-zero"
  | "duplicate-identical"
  | "duplicate-same-trace"
  | "duplicate-conflicting"
  | "flags-reserved"
  | "tracestate-orphaned"
  | "tracestate-empty"
  | "tracestate-member"
  | "tracestate-members"
  | "tracestate-duplicate-key"
  | "tracestate-length"
  | "own-member-mismatch"
  | "head-truncated"
  | "hop-nominated"
  | "format-malformed"
  | "format-conflict"
  | "format-parent-conflict"
  | "format-sampling-conflict"
  | "format-recognised";

export interface Defect {
  readonly code: DefectCode;
  /** What is wrong, as a sentence a person can act on. */
  readonly message: string;
  /** Where the rule stands, in W3C Trace Context Level 2 unless another source is named. */
  readonly section: string;
}

type Rule = Omit<Defect, "code">;

const defect = (section: string, message: string): Rule => ({ section, message });

const DEFECTS: Readonly<Record<DefectCode, Rule>> = {
  "traceparent-length": defect("3.2.2", "traceparent does not have the 55 characters of version 00."),
  "traceparent-truncated": defect("3.2.2", "traceparent breaks off before its 55th character."),
  "traceparent-syntax": defect("3.2.2", "traceparent is not four lower-case hexadecimal fields joined by '-'."),
  "traceparent-upper-case": defect(
    "3.2.2",
    "traceparent has upper-case hexadecimal digits; only lower case is allowed.",
  ),
  "traceparent-padded": defect("RFC 9110, 5.5", "traceparent came with blanks around it; they are no part of it."),
  "traceparent-joined": defect("RFC 9110, 5.2", "One traceparent line holds several values joined by commas."),
  "version-forbidden": defect("3.2.2.1", "traceparent has version ff, which is forbidden."),
  "version-future": defect("3.2.4", "traceparent has a version newer than 00; its known fields were used."),
  "version-tail": defect("3.2.2.2", "traceparent of version 00 goes on after the flags."),
  "trace-id-zero": defect("3.2.2.3", "The trace id is all zero."),
  "parent-id-zero": defect("3.2.2.4", "The parent id is all zero."),
  "duplicate-identical": defect("3.2.1", "traceparent came more than once, each time with the same value."),
  "duplicate-same-trace": defect("3.2.1", "traceparent came more than once with one trace id but different values."),
  "duplicate-conflicting": defect("3.2.1", "traceparent came more than once with different values."),
  "flags-reserved": defect("3.2.2.5.3", "traceparent has flag bits that are reserved; they leave as zero."),
  "tracestate-orphaned": defect("3.3", "tracestate came without a valid traceparent and does not leave."),
  "tracestate-empty": defect("3.3.2", "tracestate came without a single member."),
  "tracestate-member": defect("3.3.2.2", "tracestate has a member that is not key=value as the grammar demands."),
  "tracestate-members": defect("3.3.2", "tracestate has more than 32 members."),
  "tracestate-duplicate-key": defect("3.3.3", "tracestate has a key more than once; the left-most is the newest."),
  "tracestate-length": defect("3.3.3.1", "tracestate is too long to be read."),
  "own-member-mismatch": defect(
    "3.4",
    "Our own tracestate member tells of another trace: a hop in between restarted the trace and kept tracestate.",
  ),
  "head-truncated": defect("RFC 9110, 5.4", "The transport cut the list of header fields; trace fields may be lost."),
  "hop-nominated": defect("RFC 9110, 7.6.1", "Connection names a trace field, which a next hop would then remove."),
  "format-malformed": defect("the format's own", "A trace field of another format breaks that format's grammar."),
  "format-conflict": defect("the format's own", "Two formats in one request name different traces."),
  "format-parent-conflict": defect(
    "the format's own",
    "Two formats in one request name different parents in one trace.",
  ),
  "format-sampling-conflict": defect("the format's own", "Two formats in one request disagree about sampling."),
  "format-recognised": defect("the format's own", "A trace field of a format that cannot be continued came along."),
};

const ALL = new Map<DefectCode, Defect>(
  Object.entries(DEFECTS).map(([code, rule]) => [code as DefectCode, { code: code as DefectCode, ...rule }]),
);

/** Every code there is. */
export const DEFECT_CODES: readonly DefectCode[] = [...ALL.keys()];

/** The one shared, immutable `Defect` of this code. */
export function defectOf(code: DefectCode): Defect {
  return ALL.get(code) as Defect;
}
