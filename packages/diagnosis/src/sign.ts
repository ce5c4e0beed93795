/** A sign: what one crossing shows of a break before us, by itself or beside the record of another crossing. */
import type { Crossing, DefectCode } from "@tracemend/context";
import type { BreakKind } from "./break.ts";

/** The fact a sign rests on; each has its sentence in the evidence. */
export type Fact =
  | DefectCode
  | "carrier-survived"
  | "carrier-of-other-trace"
  | "carrier-flags"
  | "carrier-kept-state"
  | "member-of-other-trace"
  | "member-flags"
  | "same-request-at-other-border"
  | "nested-in-lost-request"
  | "format-survived"
  | "state-sent-by-other-border"
  | "parent-never-exported";

export interface Sign {
  readonly kind: BreakKind;
  readonly fact: Fact;
  /** Which one it was, where the fact alone does not say. */
  readonly detail?: string;
}

/** What looks at one crossing for one kind of sign. Pure; undefined where there is none. */
export type SignDetector = (crossing: Crossing) => Sign | undefined;
