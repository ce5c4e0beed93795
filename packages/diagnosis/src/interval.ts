/** Times that belong together by two clocks. */

/** Clocks of hosts that are looked after agree to this. */
export const SKEW_MS = 100;

export function overlaps(startMs: number, endMs: number, otherStartMs: number, otherEndMs: number): boolean {
  return otherStartMs <= endMs && otherEndMs >= startMs;
}
