/** Work that belongs to no request: health checks of every instance, and timers of some services. */
import type { Emission } from "./emission.ts";
import { flagsOf } from "./emission.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

const PROBE_EVERY_MS = 10_000;
const CRON_EVERY_MS = 7_000;

export interface Instance {
  readonly service: string;
  readonly instance: string;
}

export function backgroundOf(
  instances: readonly Instance[],
  fromMs: number,
  untilMs: number,
  world: World,
  random: Random,
): readonly Emission[] {
  const emissions: Emission[] = [];
  for (const at of instances) {
    const beat = (
      everyMs: number,
      name: string,
      kind: "server" | "internal",
      attributes: Record<string, string>,
    ): void => {
      for (let ms = fromMs + random.between(0, everyMs); ms < untilMs; ms += everyMs) {
        emissions.push(workOf(at, ms, name, kind, attributes, world, random));
      }
    };
    const probe = { "url.path": "/healthz", "user_agent.original": "kube-probe/1.31" };
    beat(PROBE_EVERY_MS, "GET /healthz", "server", probe);
    if (world.hasCron(at.service)) beat(CRON_EVERY_MS, "refresh-cache", "internal", {});
  }
  return emissions;
}

function workOf(
  { service, instance }: Instance,
  startMs: number,
  name: string,
  kind: "server" | "internal",
  attributes: Record<string, string>,
  world: World,
  random: Random,
): Emission {
  const endMs = startMs + random.between(0.2, 3);
  const clockMs = world.clockMs(instance);
  return {
    service,
    instance,
    endMs,
    elsewhere: false,
    record: {
      traceId: random.traceId(),
      spanId: random.spanId(),
      flags: flagsOf(world.tellsRemote(service), false),
      name,
      kind,
      startMs: startMs + clockMs,
      endMs: endMs + clockMs,
      attributes,
    },
  };
}
