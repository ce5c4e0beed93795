/** A few examples of a break, kept fresh: what a person opens should still be in the trace store. */
import type { BreakExample } from "./break.ts";

const MAX_EXAMPLES = 4;

/** How old the oldest example may grow while newer ones are to be had. */
const REFRESH_MS = 60_000;

/** `example` is asked for only where there is room for one. */
export function keepExample(examples: BreakExample[], atMs: number, example: () => BreakExample | undefined): void {
  const oldest = examples[0];
  const full = examples.length >= MAX_EXAMPLES;
  if (full && oldest !== undefined && atMs - oldest.atMs < REFRESH_MS) return;
  const found = example();
  if (found === undefined) return;
  if (full) examples.shift();
  examples.push(found);
}
