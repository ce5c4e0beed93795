/** Nanoseconds since 1970 of a time in milliseconds: a double cannot hold them, so each half is counted by itself. */

const HALF = 2 ** 16;
const WORD = 2 ** 32;
const NANOS = 1e6;

/** The upper 32 of the 64 bits. */
export function highNanos(ms: number): number {
  return Math.floor(upperHalf(ms) / HALF) + Math.floor(lowerHalves(ms) / WORD);
}

/** The lower 32 bits. */
export function lowNanos(ms: number): number {
  return lowerHalves(ms) % WORD;
}

function upperHalf(ms: number): number {
  return Math.floor(Math.floor(ms) / HALF) * NANOS;
}

/** Of the product with a million: what does not go into the upper word, but for a carry. */
function lowerHalves(ms: number): number {
  const whole = Math.floor(ms);
  return (upperHalf(ms) % HALF) * HALF + (whole % HALF) * NANOS + Math.round((ms - whole) * NANOS);
}
