/** How large a share surely is, given how often it was seen. */

/** The two-sided 99 % quantile of the normal distribution. */
const Z = 2.5758;

/** Lower bound of the 99 % Wilson score interval for `hits` of `of`; 0 where nothing was seen. */
export function wilsonLowerBound(hits: number, of: number): number {
  if (of <= 0 || hits <= 0) return 0;
  const share = Math.min(1, hits / of);
  const z2 = Z * Z;
  const centre = share + z2 / (2 * of);
  const spread = Z * Math.sqrt((share * (1 - share)) / of + z2 / (4 * of * of));
  return Math.max(0, (centre - spread) / (1 + z2 / of));
}
