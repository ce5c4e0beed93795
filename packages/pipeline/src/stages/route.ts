/** Sends telemetry to the destinations chosen for its signal, service, region or any resource attribute. */
import { createHash } from "node:crypto";
import { shardByResource } from "@tracemend/otlp";
import type { AttributeValue, ResourceView, Signal } from "@tracemend/otlp";
import { accepted } from "../outcome.ts";
import type { Outcome } from "../outcome.ts";
import type { Sink } from "../stage.ts";

/** All conditions given must hold; the first rule that does decides. */
export interface RouteRule {
  readonly signals?: readonly Signal[];
  /** `service.name` of the resource. */
  readonly services?: readonly string[];
  /** `cloud.region` of the resource. */
  readonly regions?: readonly string[];
  /** Resource attributes. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /**
   * The share of services this rule takes, from 0 to 1, by a hash of `service.name`: a service is always on one side,
   * and a larger share keeps the services of a smaller one.
   */
  readonly share?: number;
  /** Names of destinations; each takes the signals it takes. */
  readonly destinations: readonly string[];
}

/**
 * Wraps one sink for each rule and one for what no rule names. A batch of several routes is answered for all of them:
 * what one of them has no room for is rejected, because sending it all again would duplicate the rest.
 */
export function route(
  rules: readonly RouteRule[],
  names: readonly string[],
  open: (names: readonly string[]) => Sink,
): Sink {
  if (rules.length === 0) return open(names);
  const tests = rules.map(defineTest);
  const sinks = [...rules.map(({ destinations }) => open(destinations)), open(names)];
  const choose = (signal: Signal, resource: ResourceView): Sink => {
    const index = tests.findIndex((test) => test(signal, resource));
    return sinks[index < 0 ? rules.length : index] as Sink;
  };
  return {
    async accept(batch, signal) {
      const shards = shardByResource(batch, (resource) => choose(batch.signal, resource));
      const answers = await Promise.all(
        Array.from(shards, async ([sink, shard]) => ({
          items: shard.items,
          outcome: await sink.accept(shard, signal),
        })),
      );
      return join(answers);
    },
    // Every destination is behind the last one.
    close: (signal) => (sinks.at(-1) as Sink).close(signal),
  };
}

/** Throws a TypeError that says what is wrong with a rule. */
export function checkRoute(rule: RouteRule): void {
  defineTest(rule);
}

interface Answered {
  readonly items: number;
  readonly outcome: Outcome;
}

function join(answers: readonly Answered[]): Outcome {
  const [first] = answers;
  if (
    first !== undefined &&
    (answers.length === 1 ||
      answers.every(({ outcome }) => outcome.kind === first.outcome.kind && outcome.kind !== "partial"))
  ) {
    return longest(answers.map(({ outcome }) => outcome));
  }
  const messages: string[] = [];
  let rejected = 0;
  for (const { items, outcome } of answers) {
    if (outcome.kind === "accepted") continue;
    rejected += outcome.kind === "partial" ? outcome.rejected : items;
    messages.push(outcome.kind === "busy" ? `no room for ${items} items` : outcome.message);
  }
  return { kind: "partial", rejected, message: messages.join("; ") };
}

/** Of several that wait the one that waits longest. */
function longest(outcomes: readonly Outcome[]): Outcome {
  return outcomes.reduce(
    (one, other) =>
      one.kind === "busy" && other.kind === "busy" && other.retryAfterMs > one.retryAfterMs ? other : one,
    outcomes[0] ?? accepted,
  );
}

type Test = (signal: Signal, resource: ResourceView) => boolean;

function defineTest(rule: RouteRule): Test {
  const { signals, services, regions, attributes = {}, share } = rule;
  if (rule.destinations.length === 0) throw new TypeError("there must be a destination");
  if (share !== undefined && !(share >= 0 && share <= 1))
    throw new TypeError(`share must be between 0 and 1, not ${JSON.stringify(share)}`);
  const tests: Test[] = [];
  if (signals !== undefined) tests.push((signal) => signals.includes(signal));
  for (const [key, allowed] of [
    ["service.name", services],
    ["cloud.region", regions],
  ] as const) {
    if (allowed !== undefined)
      tests.push((_signal, resource) => (allowed as readonly unknown[]).includes(resource.attribute(key)));
  }
  for (const [key, value] of Object.entries(attributes))
    tests.push((_signal, resource) => resource.attribute(key) === value);
  if (share !== undefined)
    tests.push((_signal, resource) => shareOf(String(resource.attribute("service.name") ?? "")) < share);
  return (signal, resource) => tests.every((test) => test(signal, resource));
}

/** Where a service stands between 0 and 1: evenly spread, and the same in every process. */
function shareOf(service: string): number {
  return createHash("sha256").update(service).digest().readUInt32BE(0) / 2 ** 32;
}
