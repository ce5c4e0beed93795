/** What slices measured in pairs say: the ratio of one to the other, and how sure it is. */

/** One ratio for each pair of slices, by the process, or pair of processes, they were measured in. */
export type PairedRatios = readonly (readonly number[])[];

const RESAMPLES = 2000;
/** Of the processes, at each end. */
const TRIMMED = 0.2;

/**
 * The mean over the processes of the median in each, without the highest and the lowest fifth of them, and the
 * interval of 90 % that drawing processes anew gives (bootstrap). Slices of one process agree with each other far better
 * than two processes of the same app do: only the number of processes makes it surer.
 */
export function formatRatio(ratios: PairedRatios): string {
  const medians = ratios.map(median);
  const draw = (): number => trimmedMean(medians.map(() => anyOf(medians)));
  const drawn = Array.from({ length: RESAMPLES }, draw).sort((a, b) => a - b);
  const at = (share: number): string => (drawn[Math.floor(share * (RESAMPLES - 1))] as number).toFixed(3);
  return `${trimmedMean(medians).toFixed(3)} (${at(0.05)}-${at(0.95)})`;
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** As it is, or the other way round: whoever is first for ever would gain or lose by it. */
export function inAnyOrder<T>(first: T, second: T): readonly [T, T] {
  return Math.random() < 0.5 ? [first, second] : [second, first];
}

function trimmedMean(numbers: readonly number[]): number {
  const cut = Math.floor(numbers.length * TRIMMED);
  const kept = numbers.toSorted((a, b) => a - b).slice(cut, numbers.length - cut);
  return kept.reduce((sum, each) => sum + each, 0) / kept.length;
}

function anyOf(numbers: readonly number[]): number {
  return numbers[Math.floor(Math.random() * numbers.length)] as number;
}
