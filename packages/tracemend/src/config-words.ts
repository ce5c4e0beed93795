/** What the schema finds wrong, in the words of someone who writes YAML. */
import type { z } from "zod";

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of keys",
  record: "a map of keys",
};

/** Undefined where the schema's own words are good; they are also those of a check that has a message. */
export function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "invalid_type") {
    const wanted = KINDS[issue.expected] ?? issue.expected;
    if (issue.input === undefined) return `is missing; it must be ${wanted}`;
    return `must be ${wanted}, not ${kindOf(issue.input)}`;
  }
  if (issue.code === "invalid_value")
    return `${issue.input === undefined ? "is missing; it must be" : "must be"} ${anyOf(issue.values)}`;
  if (issue.code === "too_small") {
    if (issue.origin === "string" || issue.origin === "array") return "must not be empty";
    return `must be ${issue.inclusive === true ? "at least" : "above"} ${String(issue.minimum)}`;
  }
  if (issue.code === "too_big")
    return `must be ${issue.inclusive === true ? "at most" : "below"} ${String(issue.maximum)}`;
  if (issue.code === "invalid_format" && issue.format === "url")
    return "must be a URL with http or https, such as http://127.0.0.1:4317";
  if (issue.code === "invalid_key") return "this name cannot be used here";
  return issue.code === "invalid_union" ? unionWords(issue) : undefined;
}

function unionWords({ options, errors }: Extract<z.core.$ZodRawIssue, { code: "invalid_union" }>): string | undefined {
  if (Array.isArray(options)) return `must be ${anyOf(options)}`;
  const values = (errors as readonly (readonly z.core.$ZodIssue[])[])
    .flat()
    .flatMap((one) => (one.code === "invalid_value" && one.path.length === 0 ? one.values : []));
  return values.length === 0 ? undefined : `must be ${anyOf(values)}, or a map of keys`;
}

function anyOf(values: readonly unknown[]): string {
  const all = values.map((value) => JSON.stringify(value)).join("|");
  return values.length === 1 ? all : `one of ${all}`;
}

/** Without the value itself, which may be a secret. */
function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !Number.isInteger(value)) return "a number with a fraction";
  return KINDS[typeof value] ?? typeof value;
}
