/** What may leave the region, in the configuration's words, and from there the options that pipeline checks. */
import type { RegionsOptions } from "@tracemend/pipeline";
import { redact } from "@tracemend/pipeline";
import { z } from "zod";
import { defined } from "./config-defined.ts";
import { redactOf, redactSchema } from "./config-redact.ts";

const text = z.string().min(1);

export const regionsSchema = z.strictObject({
  /** Where this program runs. */
  home: text,
  /** The first that names signal and region counts; what none names stays. */
  residency: z
    .array(
      z
        .strictObject({
          signals: z.array(z.enum(["traces", "metrics", "logs", "profiles"])).min(1),
          to: z.union([z.literal("any"), z.array(text).min(1)]),
          /** The name of the redaction that is passed before. */
          after: text.optional(),
        })
        .refine(({ signals, after }) => after === undefined || !signals.includes("profiles"), {
          path: ["after"],
          message: "profiles cannot be redacted",
        }),
    )
    .default([]),
  redactions: z.record(text, redactSchema).default({}),
});

export function regionsOf({ home, residency, redactions }: z.output<typeof regionsSchema>): RegionsOptions {
  const stages = Object.entries(redactions).map(([name, policy]) => [name, redact({ policy: redactOf(policy) })]);
  return {
    home,
    residency: residency.map((rule) => defined(rule)) as RegionsOptions["residency"] & object,
    redactions: Object.fromEntries(stages) as RegionsOptions["redactions"] & object,
  };
}
