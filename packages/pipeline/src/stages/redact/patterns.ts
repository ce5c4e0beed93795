/** What secrets look like: each pattern with what its matches cannot do without, so that most text is never searched. */
import { replaceAddresses } from "./addresses.ts";

export type PatternName = "email" | "card" | "ip" | "jwt" | "authorization" | "url-credentials";

/** Cheap to see in bytes: a text without all of this has no match. */
export interface Needs {
  /** ASCII characters that every match contains. */
  readonly characters: string;
  /** Are the letters among them needed in either case? */
  readonly caseless?: boolean;
  readonly digits: number;
  /** So many of the digits stand in a row, with at most a space or a dash between two. */
  readonly digitRun?: number;
  readonly length: number;
}

export interface Pattern {
  /** Any of these is enough. */
  readonly needs: readonly Needs[];
  /** The text with every match replaced. */
  apply(text: string, replace: (match: string) => string): string;
}

/** Each expression takes time proportional to the text: a match starts only where the one before it cannot go on. */
export const knownPatterns: Readonly<Record<PatternName, Pattern>> = {
  email: defineExpression(
    /(?<![^\s@<>()[\]{},;:"*=&?/\\|])[^\s@<>()[\]{},;:"*=&?/\\|]+@[^\s@<>()[\]{},;:"*=&?/\\|.]+(?:\.[^\s@<>()[\]{},;:"*=&?/\\|.]+)+/g,
    { characters: "@.", digits: 0, length: 5 },
  ),
  card: {
    needs: [{ characters: "", digits: 13, digitRun: 13, length: 13 }],
    apply: (text, replace) =>
      text.replaceAll(/(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)/g, (match) => (hasLuhnDigit(match) ? replace(match) : match)),
  },
  ip: {
    needs: [
      { characters: ".", digits: 4, length: 7 },
      { characters: ":", digits: 0, length: 2 },
    ],
    apply: replaceAddresses,
  },
  jwt: defineExpression(/(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g, { characters: "eyJ.", digits: 0, length: 6 }),
  authorization: defineExpression(
    /\b(?:Bearer|Basic) +[\w.~+/=-]+/gi,
    { characters: "bear ", caseless: true, digits: 0, length: 8 },
    { characters: "basic ", caseless: true, digits: 0, length: 7 },
  ),
  "url-credentials": defineExpression(/(?<=:\/\/)[^\s/?#@]+(?=@)/g, { characters: ":/@", digits: 0, length: 5 }),
};

/** `expression` with whatever flags; every match is replaced. */
export function defineExpression(expression: RegExp, ...needs: readonly Needs[]): Pattern {
  const global = expression.global ? expression : new RegExp(expression.source, `${expression.flags}g`);
  return { needs, apply: (text, replace) => text.replace(global, (match) => replace(match)) };
}

/** ISO/IEC 7812-1, annex B: the check digit of card numbers. */
function hasLuhnDigit(match: string): boolean {
  const digits = match.replaceAll(/\D/g, "");
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]) * (index % 2 === 0 ? 1 : 2);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}
