/** Everything that is wrong with the options of a pipeline, found without starting one. */
import { defineDestination, signalsOf } from "./destination.ts";
import type { DestinationOptions } from "./destination.ts";
import type { PipelineOptions } from "./pipeline.ts";
import { checkRegions } from "./regions-check.ts";
import { checkFilter } from "./stages/filter.ts";
import { checkMemory } from "./stages/limit.ts";
import { redact } from "./stages/redact.ts";
import { checkRoute } from "./stages/route.ts";
import type { RouteRule } from "./stages/route.ts";
import { checkStamp } from "./stages/stamp-guard.ts";

export interface Problem {
  /** From the options down to what is wrong, such as "destinations", 1, "signals". */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Empty when `createPipeline` takes these options; the folder of a queue is not looked at. */
export function checkPipeline(options: PipelineOptions): readonly Problem[] {
  const { attributes = {}, destinations, filter, memory, redact: policy, regions, repair, routes = [] } = options;
  const problems: Problem[] = [];
  const attempt = (path: Problem["path"], run: () => unknown): void => {
    try {
      run();
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      problems.push({ path, message: cause.message });
    }
  };
  const names = destinations.map(({ name }) => name);
  attempt(["memory"], () => checkMemory(memory));
  attempt(["attributes"], () => checkStamp(attributes));
  attempt(["filter", "rules"], () => checkFilter(filter?.rules ?? []));
  attempt(["redact"], () => redact({ policy }));
  if (repair !== undefined && !(repair.holdMs > 0))
    problems.push({ path: ["repair", "holdMs"], message: `must be above 0, not ${repair.holdMs}` });
  routes.forEach((rule, at) => {
    attempt(["routes", at], () => checkRoute(rule));
    for (const { path, message } of checkWays(rule, destinations))
      problems.push({ path: ["routes", at, ...path], message });
  });
  destinations.forEach((destination, at) => {
    if (names.indexOf(destination.name) !== at)
      problems.push({ path: ["destinations", at, "name"], message: `${JSON.stringify(destination.name)} is taken` });
    attempt(["destinations", at], () => defineDestination(destination));
    const folder = destination.queue?.storage?.folder;
    const other = destinations.slice(0, at).find(({ queue }) => queue?.storage?.folder === folder);
    if (folder !== undefined && other !== undefined) {
      const message = `${JSON.stringify(folder)} is the folder of ${other.name} already; each queue has one of its own`;
      problems.push({ path: ["destinations", at, "queue", "storage", "folder"], message });
    }
    attempt(["destinations", at, "redact"], () => redact({ policy: destination.redact }));
  });
  return [...problems, ...checkRegions(regions, destinations, routes)];
}

/** What a route names and no destination of it takes would be refused to those who send it. */
function checkWays(rule: RouteRule, destinations: readonly DestinationOptions[]): readonly Problem[] {
  const taken = rule.destinations.map((name) => {
    const destination = destinations.find((one) => one.name === name);
    return destination && signalsOf(destination);
  });
  const problems = rule.destinations.flatMap((name, index) => {
    const signals = taken[index];
    const path = ["destinations", index];
    if (signals === undefined) return [{ path, message: `there is no destination ${JSON.stringify(name)}` }];
    if (rule.signals === undefined || rule.signals.some((signal) => signals.includes(signal))) return [];
    return [{ path, message: `${name} takes none of ${rule.signals.join(", ")} (it takes ${signals.join(", ")})` }];
  });
  if (problems.length > 0) return problems;
  return (rule.signals ?? []).flatMap((signal, index) =>
    taken.some((signals) => signals?.includes(signal))
      ? []
      : [
          {
            path: ["signals", index],
            message: `none of its destinations takes ${signal} (${rule.destinations.join(", ")})`,
          },
        ],
  );
}
