/** Checks of options: what is wrong names the option and the value. Pure. */

export function wrong(option: string, value: unknown, wanted: string): TypeError {
  return new TypeError(`${option} is ${JSON.stringify(value)}; it must be ${wanted}`);
}

/** The defaults with what was given in their place; every value a number above 0, not necessarily finite. */
export function completeNumbers<T extends object>(option: string, defaults: T, given: Partial<T> | undefined): T {
  const complete = { ...defaults, ...given };
  for (const [key, value] of Object.entries(complete))
    if (typeof value !== "number" || Number.isNaN(value) || value <= 0)
      throw wrong(`${option}.${key}`, value, "a number above 0");
  return complete;
}

export function checkInteger(option: string, value: number, least: number, most: number = 2 ** 31 - 1): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw wrong(option, value, `an integer from ${least} to ${most}`);
}

export function oneOf<T extends string>(option: string, value: T, known: readonly T[]): T {
  if (!known.includes(value)) throw wrong(option, value, `one of ${known.join(", ")}`);
  return value;
}
