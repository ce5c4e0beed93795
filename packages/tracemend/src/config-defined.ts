/** Options without the keys whose value is undefined: an option that is absent is not the same as one that is undefined. */

export function defined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, each]) => each !== undefined));
}
