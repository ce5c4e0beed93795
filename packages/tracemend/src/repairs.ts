/** What is done with the decisions on torn traces: counted, remembered for the page, and where repair is on, written. */
import type { Ids } from "@tracemend/context";
import { SAMPLED } from "@tracemend/context";
import type { RepairDecision } from "@tracemend/diagnosis";
import type { SpanRecord } from "@tracemend/otlp";
import { encodeSpans } from "@tracemend/otlp";
import type { Pipeline, SpanRepair } from "@tracemend/pipeline";
import { LOCAL } from "./spans.ts";

export interface RepairsOptions {
  /** `repair` is called where a decision is to be applied to spans of others; the pipeline then has to be created with it. */
  readonly pipeline: Pick<Pipeline, "accept" | "repair">;
  readonly ids: Pick<Ids, "spanId">;
  /** Resource attributes of our own spans; `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
}

/** `decided` is a dry run; `dropped` is what no destination had room for. */
export type RepairState = "decided" | "written" | "dropped";

export interface RepairCount {
  readonly action: RepairDecision["action"];
  readonly reason: RepairDecision["reason"];
  readonly state: RepairState;
  readonly count: number;
}

export interface Repairs {
  decided(decision: RepairDecision): void;
  counts(): readonly RepairCount[];
  /** The newest first. */
  recent(): readonly RepairDecision[];
}

const MAX_RECENT = 50;

export function createRepairs({ pipeline, ids, resource, version }: RepairsOptions): Repairs {
  const counted = new Map<string, { -readonly [Key in keyof RepairCount]: RepairCount[Key] }>();
  const recent: RepairDecision[] = [];
  const count = ({ action, reason }: RepairDecision, state: RepairState): void => {
    const key = `${action} ${reason} ${state}`;
    const found = counted.get(key);
    if (found === undefined) counted.set(key, { action, reason, state, count: 1 });
    else found.count += 1;
  };
  const writeLink = async (decision: Link): Promise<void> => {
    const link = encodeSpans(resource, { name: "tracemend", version }, [linkSpan(decision, ids.spanId())]);
    const { kind } = await pipeline.accept(link, AbortSignal.timeout(10_000));
    count(decision, kind === "accepted" ? "written" : "dropped");
  };
  return {
    decided(decision) {
      recent.unshift(decision);
      if (recent.length > MAX_RECENT) recent.pop();
      if (decision.dryRun) return count(decision, "decided");
      if (decision.action === "add-link") return void writeLink(decision);
      pipeline.repair(toSpanRepair(decision));
      count(decision, "written");
    },
    counts: () => [...counted.values()].map((one) => ({ ...one })),
    recent: () => recent,
  };
}

type Link = Extract<RepairDecision, { readonly action: "add-link" }>;

function toSpanRepair(decision: Exclude<RepairDecision, Link>): SpanRepair {
  const { traceId, spanId } = decision.span;
  if (decision.action === "set-parent")
    return { kind: "set-parent", traceId, spanId, from: decision.from, to: decision.to };
  if (decision.action === "restore-trace-id") return { kind: "move-trace", traceId, to: decision.to };
  return { kind: "move-trace", traceId, to: decision.to.traceId, parentId: decision.to.spanId };
}

/**
 * A span's exporter sends it once, and by the time the other trace is found ours has long left. So the link travels on a
 * span of its own below the one that was forwarded: it moves nobody else's span and cannot split a trace.
 */
function linkSpan({ span, to, atMs, reason, confidence }: Link, spanId: string): SpanRecord {
  const attributes = { "tracemend.repair.reason": reason, "tracemend.repair.confidence": confidence };
  return {
    traceId: span.traceId,
    spanId,
    parentSpanId: span.spanId,
    name: "continued in another trace",
    flags: SAMPLED | LOCAL,
    kind: "internal",
    startMs: atMs,
    endMs: atMs,
    attributes,
    links: [{ ...to, attributes }],
  };
}
