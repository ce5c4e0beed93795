/** Item counts for each signal: what the log knows of its content without reading it. */
import type { Signal } from "@tracemend/otlp";

/** The order is part of the format on disk. */
export const signals: readonly Signal[] = ["traces", "metrics", "logs", "profiles"];

/** Items of each signal, in the order of {@link signals}. */
export type Totals = readonly number[];

export const noTotals: Totals = [0, 0, 0, 0];

export function totalsOf(signal: Signal, items: number): Totals {
  return signals.map((each) => (each === signal ? items : 0));
}

export function addTotals(one: Totals, other: Totals): Totals {
  return one.map((count, index) => count + (other[index] ?? 0));
}

/** Never below zero. */
export function subtractTotals(one: Totals, other: Totals): Totals {
  return one.map((count, index) => Math.max(0, count - (other[index] ?? 0)));
}

export function isWithin(one: Totals, bound: Totals): boolean {
  return one.every((count, index) => count <= (bound[index] ?? 0));
}

export function isEmpty(totals: Totals): boolean {
  return totals.every((count) => count === 0);
}
