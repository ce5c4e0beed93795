/** Redactions in the configuration's words, and from there the options that pipeline checks. */
import type { RedactOptions } from "@tracemend/pipeline";
import { z } from "zod";
import { defined } from "./config-defined.ts";

const text = z.string().min(1);
const action = z.enum(["mask", "hash", "truncate-ip"]);
const patternName = z.enum(["email", "card", "ip", "jwt", "authorization", "url-credentials"]);

/** As the pipeline takes it; the flag `u` is what makes a pattern mean characters and not halves of them. */
const regex = text.superRefine((source, context) => {
  try {
    if (new RegExp(source, "u").test("")) context.addIssue({ code: "custom", message: "must not match an empty text" });
  } catch (error) {
    const [, reason = ""] = /.*: (.*)$/s.exec((error as Error).message) ?? [];
    context.addIssue({ code: "custom", message: `is no regular expression: ${reason}` });
  }
});

export const redactSchema = z.strictObject({
  attributes: z
    .array(z.strictObject({ keys: z.array(text).min(1), action: z.enum([...action.options, "delete"]) }))
    .optional(),
  allow: z.array(text).optional(),
  patterns: z
    .array(
      z.union([
        patternName,
        z.strictObject({ pattern: patternName, action: action.optional() }),
        z.strictObject({ regex, requires: text.optional(), action: action.optional() }),
      ]),
    )
    .optional(),
  /** At least 32 bytes; best from an environment variable. */
  hash_key: text.optional(),
});

export function redactOf({ hash_key: hashKey, patterns, ...rest }: z.output<typeof redactSchema>): RedactOptions {
  return defined({ ...rest, hashKey, patterns: patterns?.map(patternOf) });
}

function patternOf(one: string | object): string | object {
  if (typeof one === "string" || !("regex" in one)) return one;
  const { regex: source, ...rest } = one;
  return defined({ pattern: new RegExp(String(source), "u"), ...rest });
}
