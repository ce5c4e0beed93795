/** What is wrong with regions: every way by which data could leave where it may not, found before anything is sent. */
import type { Signal } from "@tracemend/otlp";
import type { Problem } from "./check.ts";
import { signalsOf } from "./destination.ts";
import type { DestinationOptions } from "./destination.ts";
import { defineResidency } from "./regions.ts";
import type { RegionsOptions, Residency } from "./regions.ts";
import type { RouteRule } from "./stages/route.ts";

export function checkRegions(
  regions: RegionsOptions | undefined,
  destinations: readonly DestinationOptions[],
  routes: readonly RouteRule[],
): readonly Problem[] {
  if (regions === undefined) return [];
  const problems: Problem[] = [];
  const { home, residency: rules = [], redactions = {} } = regions;
  if (home === "") problems.push({ path: ["regions", "home"], message: "must not be empty" });
  rules.forEach(({ after }, at) => {
    if (after === undefined || Object.hasOwn(redactions, after)) return;
    const message = `must name one of redactions, not ${JSON.stringify(after)}`;
    problems.push({ path: ["regions", "residency", at, "after"], message });
  });
  const residency = defineResidency(regions);
  destinations.forEach((destination, at) => {
    for (const { path, message } of checkDestination(home, residency, destination))
      problems.push({ path: ["destinations", at, ...path], message });
  });
  routes.forEach(({ signals, destinations: names }, at) => {
    if (signals === undefined) return;
    names.forEach((name, index) => {
      const destination = destinations.find((one) => one.name === name);
      if (destination?.region === undefined) return;
      const taken = signalsOf(destination).filter((signal) => signals.includes(signal));
      const kept = forbidden(residency, taken, destination.region);
      if (kept.length === 0) return;
      const message = `${name} must not get ${kept.join(", ")}, which may not leave ${home} for ${destination.region}`;
      problems.push({ path: ["routes", at, "destinations", index], message });
    });
  });
  return problems;
}

function checkDestination(home: string, residency: Residency, destination: DestinationOptions): readonly Problem[] {
  const { region, failover } = destination;
  if (region === undefined) return [{ path: ["region"], message: "must be told, because regions are given" }];
  const signals = signalsOf(destination);
  const kept = forbidden(residency, signals, region);
  if (kept.length === signals.length || (destination.signals !== undefined && kept.length > 0)) {
    const path = [destination.signals === undefined ? "region" : "signals"];
    return [{ path, message: `${kept.join(", ")} may not leave ${home} for ${region}` }];
  }
  const taken = residency.allowed(signals, region);
  return (failover?.targets ?? []).flatMap((target, at) => {
    const path = ["failover", "targets", at];
    if (target.region === undefined)
      return [{ path: [...path, "region"], message: "must be told, because regions are given" }];
    const waiting = forbidden(residency, taken, target.region);
    if (waiting.length === 0) return [];
    // What waits would fill the queue, and what may fail over would wait behind it.
    const advice = waiting.length === taken.length ? "" : "; give them a destination of their own, without failover";
    const message = `${waiting.join(", ")} may not leave ${home} for ${target.region}${advice}`;
    return [{ path: [...path, "region"], message }];
  });
}

function forbidden(residency: Residency, signals: readonly Signal[], region: string): readonly Signal[] {
  const allowed = residency.allowed(signals, region);
  return signals.filter((signal) => !allowed.includes(signal));
}
