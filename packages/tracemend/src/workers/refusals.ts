/** Callers that several workers turned away, added up. Pure. */
import type { RefusalCounts } from "@tracemend/proxy";
import type { BoundaryRefusals } from "./message.ts";

export function addRefusals(workers: readonly (readonly BoundaryRefusals[])[]): readonly BoundaryRefusals[] {
  const sums = new Map<string, RefusalCounts>();
  for (const { boundary, counts } of workers.flat()) {
    const before: Partial<RefusalCounts> = sums.get(boundary) ?? {};
    const added = Object.entries(counts).map(([reason, count]) => {
      return [reason, count + (before[reason as keyof RefusalCounts] ?? 0)];
    });
    sums.set(boundary, Object.fromEntries(added) as RefusalCounts);
  }
  return [...sums].map(([boundary, counts]) => ({ boundary, counts }));
}
