/** The policy of a boundary in the configuration's words, and from there the options that context checks. */
import { createHmac } from "node:crypto";
import type { PolicyOptions, UpstreamOptions } from "@tracemend/context";
import { FORMAT_NAMES } from "@tracemend/context";
import { z } from "zod";

export const fieldName = z.string().regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, "must be a header field name");

const trust = z.enum(["continue", "restart", "restart-external", "ignore"]);
const repair = z.enum(["off", "report", "on"]);
const format = z.enum(FORMAT_NAMES);

const carrier = z.strictObject({
  field: fieldName.optional(),
  read: z.boolean().optional(),
  send: z.boolean().optional(),
});

const baggage = z.strictObject({
  keep: z.array(z.string().min(1)).optional(),
  drop: z.array(z.string().min(1)).optional(),
  max_bytes: z.int().nonnegative().optional(),
  max_members: z.int().nonnegative().optional(),
});

/** What one upstream may need otherwise. */
const leaving = {
  inject: z.array(z.enum(["w3c", "preserve", ...FORMAT_NAMES])).optional(),
  inject_default: format.optional(),
  stale: z.enum(["refresh", "remove"]).optional(),
  flags: z.enum(["standard", "level-2", "level-1"]).optional(),
  carrier: carrier.optional(),
  baggage: baggage.optional(),
  clear: z.array(fieldName).optional(),
  strip: z.boolean().optional(),
  outside: z.enum(["drop", "remember", "restore"]).optional(),
};

const trustRule = z.strictObject({
  when: z.strictObject({
    listener: z.string().min(1).optional(),
    cidr: z.array(z.string().min(1)).optional(),
    identity: z.array(z.string().min(1)).optional(),
    signed: z.boolean().optional(),
  }),
  trust,
});

export const policySchema = z.strictObject({
  trust: trust.optional(),
  trust_rules: z.array(trustRule).optional(),
  trusted_proxies: z.array(z.string().min(1)).optional(),
  signing: z
    .strictObject({
      keys: z.array(z.string().min(1)).min(1),
      window_ms: z.int().positive().optional(),
      max_uses: z.int().positive().optional(),
    })
    .optional(),
  sampling: z
    .strictObject({
      max_forced_per_second: z.number().nonnegative().optional(),
      denied: z.enum(["honour", "override"]).optional(),
    })
    .optional(),
  repair: repair.optional(),
  repairs: z
    .strictObject({
      carrier: repair.optional(),
      case: repair.optional(),
      duplicates: repair.optional(),
      members: repair.optional(),
      nominated: repair.optional(),
      stale: repair.optional(),
      parent: repair.optional(),
    })
    .optional(),
  duplicate: z.enum(["first", "last"]).optional(),
  start: z.boolean().optional(),
  tracestate_max_length: z.int().positive().optional(),
  extract: z.array(z.enum(["w3c", ...FORMAT_NAMES])).optional(),
  conflict: z.enum(["order", "restart"]).optional(),
  ...leaving,
  upstreams: z.record(z.string().min(1), z.strictObject(leaving)).optional(),
});

export type PolicyConfig = z.output<typeof policySchema>;

/** The same policy in the words of the context package; what contradicts itself there is refused with a `TypeError`. */
export function policyOf({ upstreams, signing, ...rest }: PolicyConfig): PolicyOptions {
  const named = Object.entries(upstreams ?? {}).map(([name, own]) => [name, rename(own)]);
  return {
    ...(rename(rest) as PolicyOptions),
    ...(signing === undefined ? {} : { signing: { ...(rename(signing) as SigningKeys), hmac } }),
    upstreams: Object.fromEntries(named) as Record<string, UpstreamOptions>,
    now: Date.now,
  };
}

type SigningKeys = Omit<NonNullable<PolicyOptions["signing"]>, "hmac">;

function hmac(key: string, text: string): Uint8Array {
  return createHmac("sha256", key).update(text).digest();
}

/** `max_bytes` → `maxBytes`, at every depth; keys that are absent stay absent. */
export function rename(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rename);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.map(([key, inner]) => [
      key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      rename(inner),
    ]),
  );
}
