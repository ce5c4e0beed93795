/** Ranges of one source as a flat list: start, end, start, end. */

/** Adds a range, growing the last one when it follows it directly. */
export function addRange(ranges: number[], start: number, end: number): void {
  if (ranges.at(-1) === start) ranges[ranges.length - 1] = end;
  else ranges.push(start, end);
}
