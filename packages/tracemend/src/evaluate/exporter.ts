/** The exporters of the instances: OpenTelemetry's batch processor, the network behind it, and what goes wrong there. */
import type { SpanRecord } from "@tracemend/otlp";
import type { StreamFault } from "./break-class.ts";
import type { Emission } from "./emission.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";
import { EXPORT_EVERY_MS } from "./world.ts";

/** Source: OpenTelemetry SDK specification, batching processor: 5 s, 512 spans. */
const MOST_SPANS = 512;

export interface Delivery {
  readonly atMs: number;
  readonly service: string;
  readonly instance: string;
  readonly records: readonly SpanRecord[];
}

export interface ExportPlan {
  readonly world: World;
  readonly random: Random;
  /** On top of what the world does: to this share of the batches of one service. */
  readonly fault?: { readonly service: string; readonly kind: StreamFault; readonly share: number };
}

export interface Exported {
  readonly deliveries: readonly Delivery[];
  /** Services of which spans were lost. */
  readonly lossy: ReadonlySet<string>;
  /** Batches the planned fault happened to. */
  readonly faults: number;
}

export function exportAll(emissions: readonly Emission[], { world, random, fault }: ExportPlan): Exported {
  const deliveries: Delivery[] = [];
  const lossy = new Set<string>();
  let faults = 0;
  const byInstance = Map.groupBy(emissions, ({ instance }) => instance);
  for (const [instance, spans] of byInstance) {
    const service = (spans[0] as Emission).service;
    if (spans.some(({ elsewhere }) => elsewhere)) lossy.add(service);
    const here = spans.filter(({ elsewhere }) => !elsewhere).sort((a, b) => a.endMs - b.endMs);
    for (const { atMs, batch } of batchesOf(here, world.phaseMs(instance))) {
      const struck = fault?.service === service && random.chance(fault.share);
      if (struck) faults += 1;
      if ((struck && fault?.kind === "lost-batches") || random.chance(world.lostBatches)) {
        lossy.add(service);
        continue;
      }
      const late = (struck && fault?.kind === "late-batches") || random.chance(world.lateBatches);
      const arrivedMs = atMs + random.between(5, 60) + (late ? random.between(5_000, 30_000) : 0);
      const records = batch.map(({ record }) => record);
      deliveries.push({ atMs: arrivedMs, service, instance, records });
      if (random.chance(world.doubledBatches)) {
        deliveries.push({ atMs: arrivedMs + random.between(100, 3_000), service, instance, records });
      }
    }
  }
  return { deliveries, lossy, faults };
}

function* batchesOf(
  spans: readonly Emission[],
  phaseMs: number,
): Generator<{ readonly atMs: number; readonly batch: readonly Emission[] }> {
  let batch: Emission[] = [];
  let dueMs = 0;
  for (const span of spans) {
    if (batch.length > 0 && span.endMs >= dueMs) {
      yield { atMs: dueMs, batch };
      batch = [];
    }
    if (batch.length === 0) dueMs = nextDueMs(span.endMs, phaseMs);
    batch.push(span);
    if (batch.length < MOST_SPANS) continue;
    yield { atMs: span.endMs, batch };
    batch = [];
  }
  if (batch.length > 0) yield { atMs: dueMs, batch };
}

function nextDueMs(afterMs: number, phaseMs: number): number {
  return (Math.floor((afterMs - phaseMs) / EXPORT_EVERY_MS) + 1) * EXPORT_EVERY_MS + phaseMs;
}
