/** Checks of options: what is wrong is a `TypeError` that names the option and the value. */

export function wrong(option: string, value: unknown, wanted: string): TypeError {
  return new TypeError(`${option} is ${JSON.stringify(value)}; it must be ${wanted}`);
}

export function checkOneOf(option: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.some((each) => each === value)) throw wrong(option, value, `one of ${allowed.join(", ")}`);
}

export function checkWhole(option: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw wrong(option, value, `a whole number from ${min} to ${max}`);
}

/** Names and returns what `convert` makes of each text. */
export function checkedEach<T>(
  option: string,
  texts: readonly string[],
  convert: (text: string) => T | undefined,
  wanted: string,
): readonly T[] {
  if (!Array.isArray(texts)) throw wrong(option, texts, `a list, each of it ${wanted}`);
  return texts.map((text, index) => {
    const converted = typeof text === "string" ? convert(text) : undefined;
    if (converted === undefined) throw wrong(`${option}[${index}]`, text, wanted);
    return converted;
  });
}

/** A header field name in lower case; undefined for anything else. Source: RFC 9110, section 5.6.2. */
export function fieldName(text: string): string | undefined {
  const lower = text.toLowerCase();
  return /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(lower) ? lower : undefined;
}
