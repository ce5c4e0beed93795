/** Randomness that repeats: the same seed gives the same stream of numbers, ids and choices. */

export interface Random {
  /** Even in [0, 1). */
  next(): number;
  /** Even in 0 … below - 1. */
  below(below: number): number;
  between(least: number, most: number): number;
  chance(share: number): boolean;
  /** 32 and 16 lower-case hexadecimal digits, not all zero. */
  traceId(): string;
  spanId(): string;
}

/** The seed of a part, so that parts do not shift each other's numbers. FNV-1a. */
export function seedOf(seed: number, ...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5 ^ seed;
  const text = parts.join("\u0000");
  for (let at = 0; at < text.length; at += 1) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** Source: mulberry32, public domain. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const word = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const next = (): number => word() / 0x1_0000_0000;
  const hex = (): string => word().toString(16).padStart(8, "0");
  // An id must not be all zeros: the last word never is.
  const odd = (): string => ((word() | 1) >>> 0).toString(16).padStart(8, "0");
  return {
    next,
    below: (below) => Math.floor(next() * below),
    between: (least, most) => least + next() * (most - least),
    chance: (share) => next() < share,
    traceId: () => `${hex()}${hex()}${hex()}${odd()}`,
    spanId: () => `${hex()}${odd()}`,
  };
}
