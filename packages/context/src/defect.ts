/** The closed list of what can be wrong with a trace context that came in. */

export type DefectCode =
  | "traceparent-length"
  | "traceparent-syntax"
  | "traceparent-upper-case"
  | "version-forbidden"
  | "version-future"
  | "version-tail"
  | "trace-id-zero"
  | "parent-id-zero"
  | "duplicate-identical"
  | "duplicate-conflicting"
  | "flags-reserved"
  | "tracestate-orphaned";

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
  "traceparent-syntax": defect("3.2.2", "traceparent is not four lower-case hexadecimal fields joined by '-'."),
  "traceparent-upper-case": defect(
    "3.2.2",
    "traceparent has upper-case hexadecimal digits; only lower case is allowed.",
  ),
  "version-forbidden": defect("3.2.2.1", "traceparent has version ff, which is forbidden."),
  "version-future": defect("3.2.4", "traceparent has a version newer than 00; its known fields were used."),
  "version-tail": defect("3.2.2", "traceparent of version 00 goes on after the flags."),
  "trace-id-zero": defect("3.2.2.3", "The trace id is all zero."),
  "parent-id-zero": defect("3.2.2.4", "The parent id is all zero."),
  "duplicate-identical": defect("3.2.1", "traceparent came more than once, each time with the same value."),
  "duplicate-conflicting": defect("3.2.1", "traceparent came more than once with different values."),
  "flags-reserved": defect("3.2.2.5.3", "traceparent has flag bits that are reserved; they leave as zero."),
  "tracestate-orphaned": defect("3.3", "tracestate came without a valid traceparent and does not leave."),
};

const ALL = new Map<DefectCode, Defect>(
  Object.entries(DEFECTS).map(([code, rule]) => [code as DefectCode, { code: code as DefectCode, ...rule }]),
);

/** The one shared, immutable `Defect` of this code. */
export function defectOf(code: DefectCode): Defect {
  return ALL.get(code) as Defect;
}
