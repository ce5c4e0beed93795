/** The policies of tail sampling, in the words of the Collector's tail_sampling processor. */

/** Attributes are looked for in spans and in their resources. */
export type LeafPolicyOptions =
  | { readonly name: string; readonly type: "always_sample" }
  /** From the earliest start to the latest end: longer than the one, and no longer than the other. */
  | {
      readonly name: string;
      readonly type: "latency";
      readonly thresholdMs: number;
      readonly upperThresholdMs?: number;
    }
  | {
      readonly name: string;
      readonly type: "numeric_attribute";
      readonly key: string;
      readonly minValue?: number;
      readonly maxValue?: number;
    }
  /** `values` are texts, or expressions of which one must be found in the text. */
  | {
      readonly name: string;
      readonly type: "string_attribute";
      readonly key: string;
      readonly values: readonly string[];
      readonly enabledRegexMatching?: boolean;
    }
  | { readonly name: string; readonly type: "boolean_attribute"; readonly key: string; readonly value: boolean }
  | { readonly name: string; readonly type: "status_code"; readonly statusCodes: readonly StatusCodeName[] }
  | { readonly name: string; readonly type: "span_count"; readonly minSpans: number; readonly maxSpans?: number }
  /** By the randomness of the trace id, so that every replica and every other sampler keeps the same traces. */
  | { readonly name: string; readonly type: "probabilistic"; readonly samplingPercentage: number }
  /** `burstCapacity`: default twice as many as a second. */
  | {
      readonly name: string;
      readonly type: "rate_limiting";
      readonly spansPerSecond: number;
      readonly burstCapacity?: number;
    };

export type StatusCodeName = "UNSET" | "OK" | "ERROR";

export type SubPolicyOptions =
  | LeafPolicyOptions
  /** All of them. */
  | { readonly name: string; readonly type: "and"; readonly andSubPolicy: readonly SubPolicyOptions[] }
  | { readonly name: string; readonly type: "not"; readonly notSubPolicy: SubPolicyOptions };

export type PolicyOptions =
  | SubPolicyOptions
  /** What all of these keep is dropped, whatever other policies say. */
  | { readonly name: string; readonly type: "drop"; readonly dropSubPolicy: readonly SubPolicyOptions[] }
  /**
   * The first sub-policy that keeps a trace decides, as far as its part of the spans goes: `percent` of the total, or with
   * the others that `rateAllocation` does not name an even part of what is left.
   */
  | {
      readonly name: string;
      readonly type: "composite";
      readonly maxTotalSpansPerSecond: number;
      /** Names of the sub-policies. Default: in the order they are written. */
      readonly policyOrder?: readonly string[];
      readonly compositeSubPolicy: readonly SubPolicyOptions[];
      readonly rateAllocation?: readonly { readonly policy: string; readonly percent: number }[];
    };
