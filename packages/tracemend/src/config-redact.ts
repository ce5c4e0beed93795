/** Redactions in the configuration's words, and from there the options that pipeline checks. */
import type { RedactOptions } from "@tracemend/pipeline";
import { z } from "zod";
import { defined } from "./config-defined.ts";

const text = z.string().min(1);
const action = z.enum(["mask", "hash", "truncate-ip"]);
const patternName = z.enum(["email", "card", "ip", "jwt", "authorization", "url-credentials"]);

export const redactSchema = z.strictObject({
  attributes: z
    .array(z.strictObject({ keys: z.array(text).min(1), action: z.enum([...action.options, "delete"]) }))
    .optional(),
  allow: z.array(text).optional(),
  patterns: z
    .array(z.union([patternName, z.strictObject({ pattern: patternName, action: action.optional() })]))
    .optional(),
  /** At least 32 bytes; best from an environment variable. */
  hash_key: text.optional(),
});

export function redactOf({ hash_key: hashKey, ...rest }: z.output<typeof redactSchema>): RedactOptions {
  return defined({ ...rest, hashKey });
}
