/** Sampling in the configuration's words, which are the Collector's for policies, and from there the pipeline's options. */
import type { DestinationOptions, PolicyOptions } from "@tracemend/pipeline";
import { z } from "zod";
import { rename } from "./config-policy.ts";

const text = z.string().min(1);
const count = z.int().positive();
const percentage = z.number().min(0).max(100);
const rate = z.number().positive();

/** A policy's options stand under the name of its type, as in the Collector's tail_sampling processor. */
const leaves = [
  z.strictObject({ name: text, type: z.literal("always_sample") }),
  z.strictObject({
    name: text,
    type: z.literal("latency"),
    latency: z.strictObject({ threshold_ms: z.int().nonnegative(), upper_threshold_ms: count.optional() }),
  }),
  z.strictObject({
    name: text,
    type: z.literal("numeric_attribute"),
    numeric_attribute: z.strictObject({
      key: text,
      min_value: z.number().optional(),
      max_value: z.number().optional(),
    }),
  }),
  z.strictObject({
    name: text,
    type: z.literal("string_attribute"),
    string_attribute: z.strictObject({
      key: text,
      values: z.array(z.string()).min(1),
      enabled_regex_matching: z.boolean().optional(),
    }),
  }),
  z.strictObject({
    name: text,
    type: z.literal("boolean_attribute"),
    boolean_attribute: z.strictObject({ key: text, value: z.boolean() }),
  }),
  z.strictObject({
    name: text,
    type: z.literal("status_code"),
    status_code: z.strictObject({ status_codes: z.array(z.enum(["UNSET", "OK", "ERROR"])).min(1) }),
  }),
  z.strictObject({
    name: text,
    type: z.literal("span_count"),
    span_count: z.strictObject({ min_spans: z.int().nonnegative(), max_spans: count.optional() }),
  }),
  z.strictObject({
    name: text,
    type: z.literal("probabilistic"),
    probabilistic: z.strictObject({ sampling_percentage: percentage }),
  }),
  z.strictObject({
    name: text,
    type: z.literal("rate_limiting"),
    rate_limiting: z.strictObject({ spans_per_second: rate, burst_capacity: rate.optional() }),
  }),
] as const;

export interface PolicyConfig {
  readonly name: string;
  readonly type: string;
  readonly [body: string]: unknown;
}

const sub: z.ZodType<PolicyConfig> = z.lazy(() =>
  z.discriminatedUnion("type", [
    ...leaves,
    z.strictObject({ name: text, type: z.literal("and"), and: z.strictObject({ and_sub_policy: subs }) }),
    z.strictObject({ name: text, type: z.literal("not"), not: z.strictObject({ not_sub_policy: sub }) }),
  ]),
);
const subs = z.array(sub).min(1);

const policy = z.discriminatedUnion("type", [
  ...leaves,
  z.strictObject({ name: text, type: z.literal("and"), and: z.strictObject({ and_sub_policy: subs }) }),
  z.strictObject({ name: text, type: z.literal("not"), not: z.strictObject({ not_sub_policy: sub }) }),
  z.strictObject({ name: text, type: z.literal("drop"), drop: z.strictObject({ drop_sub_policy: subs }) }),
  z.strictObject({
    name: text,
    type: z.literal("composite"),
    composite: z.strictObject({
      max_total_spans_per_second: rate,
      policy_order: z.array(text).min(1).optional(),
      composite_sub_policy: subs,
      rate_allocation: z.array(z.strictObject({ policy: text, percent: z.number().positive() })).optional(),
    }),
  }),
]);

const decisionCache = z
  .strictObject({ sampled_cache_size: count.optional(), non_sampled_cache_size: count.optional() })
  .optional();

export const sampleSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("probabilistic"),
    sampling_percentage: percentage,
    sampling_precision: z.int().min(1).max(14).optional(),
  }),
  z.strictObject({
    kind: z.literal("rate_limiting"),
    spans_per_second: rate,
    burst_capacity: rate.optional(),
    decision_cache: decisionCache,
  }),
  z.strictObject({
    kind: z.literal("tail"),
    policies: z.array(policy).min(1),
    decision_wait_ms: z.int().nonnegative().optional(),
    decision_wait_after_root_received_ms: z.int().nonnegative().optional(),
    num_traces: count.optional(),
    max_bytes: count.optional(),
    decision_cache: decisionCache,
  }),
]);

export function sampleOf(config: z.output<typeof sampleSchema>): DestinationOptions["sample"] & object {
  const options = rename(config) as DestinationOptions["sample"] & object;
  return config.kind === "tail" && options.kind === "tail"
    ? { ...options, policies: config.policies.map(policyOf) }
    : options;
}

function policyOf(config: PolicyConfig): PolicyOptions {
  const { name, type } = config;
  const body = (config[type] ?? {}) as Readonly<Record<string, unknown>>;
  const inner = Object.entries(body).filter(([key]) => key.endsWith("_sub_policy"));
  const nested = inner.map(([key, value]) => [
    key,
    Array.isArray(value) ? value.map((one: PolicyConfig) => policyOf(one)) : policyOf(value as PolicyConfig),
  ]);
  return { name, type, ...(rename({ ...body, ...Object.fromEntries(nested) }) as object) } as PolicyOptions;
}
