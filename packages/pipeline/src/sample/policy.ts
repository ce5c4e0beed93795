/** Policies as questions to what is known of a trace; an answer that more spans could change is not given before its time. */
import type { Clock } from "../clock.ts";
import type { PolicyOptions, SubPolicyOptions } from "./policy-options.ts";
import { createRate } from "./rate.ts";
import type { Rate } from "./rate.ts";
import { keepAll, thresholdOf } from "./threshold.ts";
import type { Trace } from "./trace.ts";
import type { Watches } from "./watch.ts";

export type Answer =
  /** More spans may change it. */
  | { readonly kind: "open" }
  /** `byChance`: it was the randomness of the trace that decided. */
  | { readonly kind: "no"; readonly byChance: boolean }
  /** With the threshold by which it is kept; undefined where there is none that says it. */
  | { readonly kind: "yes"; readonly threshold: string | undefined; readonly take?: Take };

export interface Policy {
  readonly name: string;
  readonly isDrop: boolean;
  /** `last`: no more spans are waited for, so "open" is no answer. */
  readonly ask: (trace: Trace, last: boolean) => Answer;
}

const open: Answer = { kind: "open" };
const no: Answer = { kind: "no", byChance: false };
const noByChance: Answer = { kind: "no", byChance: true };
const yes: Answer = { kind: "yes", threshold: keepAll };

type Ask = Policy["ask"];

/** Throws a TypeError that names the policy, the option and its value. */
export function definePolicy(options: PolicyOptions, watches: Watches, clock: Clock): Policy {
  const { name } = options;
  return { name, isDrop: options.type === "drop", ask: defineAsk(options, watches, clock) };
}

function defineAsk(options: PolicyOptions, watches: Watches, clock: Clock): Ask {
  const fail: Fail = failure(options.name);
  const positive = (option: string, value: number): number =>
    Number.isFinite(value) && value > 0 ? value : fail(option, "a number above 0", value);
  const some = <One>(option: string, values: readonly One[]): readonly One[] =>
    values.length > 0 ? values : fail(option, "at least one", values);
  const seen = (watch: number): Ask => {
    return (trace, last) => (trace.seen[watch] === true ? yes : last ? no : open);
  };

  switch (options.type) {
    case "always_sample":
      return () => yes;
    case "latency": {
      const { thresholdMs, upperThresholdMs = Infinity } = options;
      if (!(thresholdMs >= 0)) fail("thresholdMs", "a number of at least 0", thresholdMs);
      if (!(upperThresholdMs > thresholdMs)) fail("upperThresholdMs", `above ${thresholdMs}`, upperThresholdMs);
      return ({ startMs, endMs }, last) => {
        const durationMs = endMs - startMs;
        if (durationMs > upperThresholdMs) return no;
        if (durationMs <= thresholdMs) return last ? no : open;
        return last || upperThresholdMs === Infinity ? yes : open;
      };
    }
    case "numeric_attribute": {
      const { key, minValue = -Infinity, maxValue = Infinity } = options;
      if (!(minValue <= maxValue)) fail("maxValue", `at least ${minValue}`, maxValue);
      return seen(
        watches.attribute(key, (value) => typeof value === "number" && value >= minValue && value <= maxValue),
      );
    }
    case "string_attribute": {
      const matches = defineMatch(some("values", options.values), options.enabledRegexMatching === true, fail);
      return seen(watches.attribute(options.key, (value) => typeof value === "string" && matches(value)));
    }
    case "boolean_attribute":
      return seen(watches.attribute(options.key, (value) => value === options.value));
    case "status_code": {
      const names = ["UNSET", "OK", "ERROR"];
      const wanted = new Set<number>(some("statusCodes", options.statusCodes).map((code) => names.indexOf(code)));
      if (wanted.has(-1)) fail("statusCodes", "UNSET, OK or ERROR", options.statusCodes);
      return seen(watches.span((span) => wanted.has(span.statusCode())));
    }
    case "span_count": {
      const { minSpans, maxSpans = Infinity } = options;
      if (!(minSpans <= maxSpans)) fail("maxSpans", `at least ${minSpans}`, maxSpans);
      return ({ spans }, last) => {
        if (spans > maxSpans) return no;
        if (spans < minSpans) return last ? no : open;
        return last || maxSpans === Infinity ? yes : open;
      };
    }
    case "probabilistic": {
      const { samplingPercentage: percentage } = options;
      if (!(percentage >= 0 && percentage <= 100)) fail("samplingPercentage", "from 0 to 100", percentage);
      const threshold = thresholdOf(percentage / 100);
      const kept: Answer = { kind: "yes", threshold };
      return ({ randomness }) => (randomness >= threshold ? kept : noByChance);
    }
    case "rate_limiting": {
      const spansPerSecond = positive("spansPerSecond", options.spansPerSecond);
      const rate = createRate(
        spansPerSecond,
        positive("burstCapacity", options.burstCapacity ?? 2 * spansPerSecond),
        clock,
      );
      return (trace, last) => (last ? limit(trace, keepAll, rate) : open);
    }
    case "and":
      return defineAll(some("andSubPolicy", options.andSubPolicy), watches, clock);
    case "drop":
      return defineAll(some("dropSubPolicy", options.dropSubPolicy), watches, clock);
    case "not": {
      const ask = defineAsk(options.notSubPolicy, watches, clock);
      return (trace, last) => {
        const answer = ask(trace, last);
        if (answer.kind === "open") return open;
        if (answer.kind === "yes") return answer.threshold === keepAll ? no : noByChance;
        return answer.byChance ? { kind: "yes", threshold: undefined } : yes;
      };
    }
    case "composite":
      break;
  }
  return defineComposite(options, watches, clock);
}

/** All of them; the threshold that is hardest to reach is that of all, because they ask the same randomness. */
function defineAll(options: readonly SubPolicyOptions[], watches: Watches, clock: Clock): Ask {
  const asks = options.map((sub) => defineAsk(sub, watches, clock));
  return (trace, last) => {
    const answers = asks.map((ask) => ask(trace, last));
    const not = answers.find((answer) => answer.kind === "no");
    if (not !== undefined) return not;
    const kept = answers.filter((answer) => answer.kind === "yes");
    if (kept.length < answers.length) return open;
    const thresholds = kept.map(({ threshold }) => threshold);
    const takes = kept.flatMap(({ take }) => take ?? []);
    return {
      kind: "yes",
      threshold: thresholds.includes(undefined) ? undefined : highest(thresholds as string[]),
      ...(takes.length === 0 ? {} : { take: takeAll(takes) }),
    };
  };
}

type CompositeOptions = Extract<PolicyOptions, { readonly type: "composite" }>;

function defineComposite(options: CompositeOptions, watches: Watches, clock: Clock): Ask {
  const { compositeSubPolicy: subs, policyOrder, rateAllocation = [], maxTotalSpansPerSecond: total } = options;
  const fail: Fail = failure(options.name);
  if (!(total > 0)) fail("maxTotalSpansPerSecond", "a number above 0", total);
  if (subs.length === 0) fail("compositeSubPolicy", "at least one", subs);
  const names = subs.map(({ name }) => name);
  for (const { policy, percent } of rateAllocation) {
    if (!names.includes(policy)) fail("rateAllocation.policy", "the name of a sub-policy", policy);
    if (!(percent > 0 && percent <= 100)) fail("rateAllocation.percent", "above 0 and at most 100", percent);
  }
  const given = rateAllocation.reduce((sum, { percent }) => sum + percent, 0);
  const others = names.filter((name) => !rateAllocation.some(({ policy }) => policy === name)).length;
  if (given > 100 || (given === 100 && others > 0)) fail("rateAllocation", "100 percent together, or less", given);
  const asks = (policyOrder ?? names).map((name) => {
    const sub = subs.find((one) => one.name === name) ?? fail("policyOrder", "names of sub-policies", name);
    const percent = rateAllocation.find(({ policy }) => policy === name)?.percent ?? (100 - given) / others;
    const spansPerSecond = (total * percent) / 100;
    return { rate: createRate(spansPerSecond, 2 * spansPerSecond, clock), ask: defineAsk(sub, watches, clock) };
  });
  return (trace, last) => {
    for (const { rate, ask } of asks) {
      const answer = ask(trace, last);
      if (answer.kind === "no") continue;
      if (answer.kind === "open" || !last) return open;
      return limit(trace, answer.threshold, rate, answer.take);
    }
    return no;
  };
}

/** Kept where the rate has room for its randomness, and then taken from it. */
function limit(
  { randomness }: Trace,
  threshold: string | undefined,
  rate: Rate,
  ...takes: readonly (Take | undefined)[]
): Answer {
  const least = rate.threshold();
  if (randomness < least) return noByChance;
  return {
    kind: "yes",
    threshold: threshold === undefined ? undefined : highest([threshold, least]),
    take: takeAll([(spans) => rate.take(spans), ...takes.filter((take) => take !== undefined)]),
  };
}

type Take = (spans: number) => void;

function takeAll(takes: readonly Take[]): Take {
  return (spans) => {
    for (const take of takes) take(spans);
  };
}

function highest(thresholds: readonly string[]): string {
  return thresholds.reduce((one, other) => (other > one ? other : one), keepAll);
}

type Fail = (option: string, rule: string, value: unknown) => never;

function failure(name: string): Fail {
  return (option, rule, value) => {
    throw new TypeError(`policy ${name}: ${option} must be ${rule}, not ${JSON.stringify(value)}`);
  };
}

function defineMatch(values: readonly string[], areExpressions: boolean, fail: Fail): (text: string) => boolean {
  if (!areExpressions) return (text) => values.includes(text);
  const expressions = values.map((value) => {
    try {
      return new RegExp(value);
    } catch {
      return fail("values", "regular expressions", value);
    }
  });
  return (text) => expressions.some((expression) => expression.test(text));
}
