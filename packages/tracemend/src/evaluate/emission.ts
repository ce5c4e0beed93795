/** What the instances of services record, before any exporter has had it. */
import type { SpanRecord } from "@tracemend/otlp";
import { pathOf } from "./border.ts";
import type { ReadyTrace } from "./call.ts";
import type { Entry } from "./cut.ts";
import type { World } from "./world.ts";

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

export interface Emission {
  readonly service: string;
  readonly instance: string;
  /** When it really ended; the record says it by the clock of its instance. */
  readonly endMs: number;
  readonly record: Mutable<Omit<SpanRecord, "attributes">> & { attributes: Record<string, string | number> };
  /** Its exporter sends it where nobody here sees it. */
  readonly elsewhere: boolean;
}

export interface EmissionScene {
  readonly trace: ReadyTrace;
  /** The span's place in the trace. */
  readonly at: number;
  /** Where the trace's start lies now. */
  readonly originMs: number;
  readonly entry: Entry;
  readonly spanId: string;
  /** Whether its parent is in another process. */
  readonly remote: boolean;
  readonly elsewhere: boolean;
}

export function emissionOf(scene: EmissionScene, world: World): Emission {
  const { trace, at, originMs, entry, spanId, remote, elsewhere } = scene;
  const { service, instance, name, startMs, endMs } = trace.spans[at] as ReadyTrace["spans"][number];
  const { traceId, parentId, links } = entry;
  const kind = trace.kinds[at] as SpanRecord["kind"];
  const shiftMs = originMs - trace.startMs;
  const clockMs = world.clockMs(instance);
  return {
    service,
    instance,
    endMs: endMs + shiftMs,
    elsewhere,
    record: {
      traceId,
      spanId,
      ...(parentId === "" ? {} : { parentSpanId: parentId }),
      flags: flagsOf(world.tellsRemote(service), remote && parentId !== ""),
      name,
      kind,
      startMs: startMs + shiftMs + clockMs,
      endMs: endMs + shiftMs + clockMs,
      attributes: attributesOf(kind, name, trace.targets.get(at)),
      ...(links.length === 0 ? {} : { links }),
    },
  };
}

/** What OpenTelemetry's conventions ask of both sides of a call, as far as a recording tells it. */
function attributesOf(kind: SpanRecord["kind"], name: string, target: string | undefined): Record<string, string> {
  if (kind === "server") return { "url.path": pathOf(name) };
  return target === undefined ? {} : { "server.address": target };
}

/** W3C flag and OTLP's remote bits as an SDK writes them: bit 8, it is known; bit 9, the parent is remote. */
export function flagsOf(tellsRemote: boolean, remote: boolean): number {
  return tellsRemote ? 0x101 | (remote ? 0x200 : 0) : 0x1;
}
