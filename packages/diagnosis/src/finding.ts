/** What a detector concludes about one edge behind a boundary. */
import type { Break } from "./break.ts";
import { BARE } from "./cause.ts";
import type { EdgeFacts } from "./edge-facts.ts";
import { wilsonLowerBound } from "./wilson.ts";

/** What it says of the break, which the report completes. */
type Said = "kind" | "count" | "of" | "confidence" | "evidence" | "alternatives" | "explanation" | "remedy";

export interface Finding extends Pick<Break, Said> {
  readonly to: string;
  /** The causes and other sightings it rests on: their times and examples are the break's. */
  readonly causes: readonly number[];
}

/** Pure; undefined where the figures do not show this kind of break. */
export type EdgeDetector = (facts: EdgeFacts) => Finding | undefined;

/** A share of requests that is not worth an alarm even when it is certain. */
const LEAST_SHARE = 0.005;

/** Whether the share is surely above what is worth an alarm. */
export function isWorthAlarm(count: number, of: number): boolean {
  return wilsonLowerBound(count, of) > LEAST_SHARE;
}

/** Evidence on the requests that are in no share: `counted` of those that miss their span for no known cause are. */
export function untoldText({ missing, upstream }: EdgeFacts, counted = 0): readonly string[] {
  const count = (missing[BARE] as number) - counted;
  if (count <= 0) return [];
  return [`${count} more requests forwarded to ${upstream} miss their span; what became of it cannot be told.`];
}

/** The called service in words: by the names it exports under, else by the upstream's. */
export function calleeOf(facts: EdgeFacts): string {
  return facts.services.join(", ") || facts.upstream;
}

/** "3 of 40 requests (7.5 %)" */
export function shareText(count: number, of: number, what: string): string {
  const percent = of === 0 ? 0 : (100 * count) / of;
  return `${count} of ${of} ${what} (${percent >= 10 ? Math.round(percent) : percent.toPrecision(2)} %)`;
}
