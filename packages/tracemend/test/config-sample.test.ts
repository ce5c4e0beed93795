import { describe, expect, it } from "vitest";
import { parseConfig } from "../src/config.ts";
import { destinationsOf } from "../src/options.ts";

const sampleOf = (sample: string) =>
  destinationsOf(
    parseConfig("f", `cluster: eu-1\ndestinations:\n  a:\n    endpoint: http://127.0.0.1:1\n    sample: ${sample}`, {}),
  )[0]?.sample;

describe("sampling in the configuration", () => {
  it("takes policies as the Collector writes them, whatever stands in whatever", () => {
    const policies = `{ kind: tail, decision_wait_ms: 10000, num_traces: 100, max_bytes: 1000000,
      decision_wait_after_root_received_ms: 500,
      decision_cache: { sampled_cache_size: 100000, non_sampled_cache_size: 100000 },
      policies: [
        { name: p1, type: always_sample },
        { name: p2, type: latency, latency: { threshold_ms: 5000, upper_threshold_ms: 10000 } },
        { name: p3, type: numeric_attribute, numeric_attribute: { key: key1, min_value: 50, max_value: 100 } },
        { name: p4, type: probabilistic, probabilistic: { sampling_percentage: 10 } },
        { name: p5, type: status_code, status_code: { status_codes: [ERROR, UNSET] } },
        { name: p6, type: string_attribute, string_attribute: { key: key_2, values: [value1, val*], enabled_regex_matching: true } },
        { name: p7, type: rate_limiting, rate_limiting: { spans_per_second: 35 } },
        { name: p8, type: span_count, span_count: { min_spans: 2, max_spans: 20 } },
        { name: p9, type: boolean_attribute, boolean_attribute: { key: key4, value: true } },
        { name: a1, type: and, and: { and_sub_policy: [
          { name: s1, type: not, not: { not_sub_policy: { name: s2, type: always_sample } } } ] } },
        { name: d1, type: drop, drop: { drop_sub_policy: [
          { name: s3, type: string_attribute, string_attribute: { key: url.path, values: [/health] } } ] } },
        { name: c1, type: composite, composite: { max_total_spans_per_second: 1000, policy_order: [s4, s5],
          composite_sub_policy: [
            { name: s5, type: always_sample },
            { name: s4, type: numeric_attribute, numeric_attribute: { key: key1, min_value: 50 } } ],
          rate_allocation: [{ policy: s4, percent: 50 }] } } ] }`;
    expect(sampleOf(policies)).toEqual({
      kind: "tail",
      decisionWaitMs: 10_000,
      decisionWaitAfterRootReceivedMs: 500,
      numTraces: 100,
      maxBytes: 1_000_000,
      decisionCache: { sampledCacheSize: 100_000, nonSampledCacheSize: 100_000 },
      policies: [
        { name: "p1", type: "always_sample" },
        { name: "p2", type: "latency", thresholdMs: 5_000, upperThresholdMs: 10_000 },
        { name: "p3", type: "numeric_attribute", key: "key1", minValue: 50, maxValue: 100 },
        { name: "p4", type: "probabilistic", samplingPercentage: 10 },
        { name: "p5", type: "status_code", statusCodes: ["ERROR", "UNSET"] },
        { name: "p6", type: "string_attribute", key: "key_2", values: ["value1", "val*"], enabledRegexMatching: true },
        { name: "p7", type: "rate_limiting", spansPerSecond: 35 },
        { name: "p8", type: "span_count", minSpans: 2, maxSpans: 20 },
        { name: "p9", type: "boolean_attribute", key: "key4", value: true },
        {
          name: "a1",
          type: "and",
          andSubPolicy: [{ name: "s1", type: "not", notSubPolicy: { name: "s2", type: "always_sample" } }],
        },
        {
          name: "d1",
          type: "drop",
          dropSubPolicy: [{ name: "s3", type: "string_attribute", key: "url.path", values: ["/health"] }],
        },
        {
          name: "c1",
          type: "composite",
          maxTotalSpansPerSecond: 1_000,
          policyOrder: ["s4", "s5"],
          compositeSubPolicy: [
            { name: "s5", type: "always_sample" },
            { name: "s4", type: "numeric_attribute", key: "key1", minValue: 50 },
          ],
          rateAllocation: [{ policy: "s4", percent: 50 }],
        },
      ],
    });
  });

  it("takes the kinds that decide at once", () => {
    expect(sampleOf("{ kind: probabilistic, sampling_percentage: 10, sampling_precision: 5 }")).toEqual({
      kind: "probabilistic",
      samplingPercentage: 10,
      samplingPrecision: 5,
    });
    expect(sampleOf("{ kind: rate_limiting, spans_per_second: 100 }")).toEqual({
      kind: "rate_limiting",
      spansPerSecond: 100,
    });
  });

  it.each([
    ["{ kind: tail, policies: [] }", "destinations.a.sample.policies"],
    ["{ kind: tail, policies: [{ name: x, type: unheard_of }] }", "destinations.a.sample.policies.0.type"],
    ["{ kind: tail, policies: [{ name: x, type: latency }] }", "destinations.a.sample.policies.0.latency"],
    [
      "{ kind: tail, max_bytes: 1000000000, policies: [{ name: x, type: always_sample }] }",
      "f:3:3: destinations.a: destination a: sample.maxBytes must be at most 33554432, or the queue would be full of it",
    ],
    [
      "{ kind: tail, policies: [{ name: x, type: always_sample }, { name: x, type: always_sample }] }",
      'destination a: sample.policies must be each of a name of its own, not "x"',
    ],
    [
      "{ kind: tail, policies: [{ name: x, type: drop, drop: { drop_sub_policy: [{ name: y, type: always_sample }] } }] }",
      "sample.policies must be at least one that keeps",
    ],
    [
      `{ kind: tail, policies: [{ name: x, type: composite, composite: { max_total_spans_per_second: 1,
          composite_sub_policy: [{ name: y, type: always_sample }], rate_allocation: [{ policy: z, percent: 1 }] } }] }`,
      'policy x: rateAllocation.policy must be the name of a sub-policy, not "z"',
    ],
  ])("says what is wrong with %s", (sample, message) => {
    expect(() => sampleOf(sample)).toThrow(message);
  });
});
