/** A sign: what one crossing shows by itself of a break before us. */
import type { Crossing, DefectCode } from "@tracemend/context";
import type { BreakKind } from "./break.ts";

/** The fact a sign rests on; each has its sentence in the evidence. */
export type Fact = DefectCode | "carrier-survived";

export interface Sign {
  readonly kind: BreakKind;
  readonly fact: Fact;
}

/** What looks at one crossing for one kind of sign. Pure; undefined where there is none. */
export type SignDetector = (crossing: Crossing) => Sign | undefined;
