/** Beside the third phase: a trace that begins here is recorded, or leaves so that nobody behind us records it either. */
import type { Passage, Verdict } from "@tracemend/context";
import { RANDOM, SAMPLED, createPassage, judge } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import type { RootSampler } from "../root-sampling.ts";
import { isRecorded } from "../root-sampling.ts";
import { tryRelease } from "../spans.ts";

/** The passage as the share of its route has it. Traces that came in are none of ours to decide on. */
export function sampleRoot(exchange: Exchange, passage: Passage): Passage {
  const sampler = (exchange.route ?? exchange.site).sampling;
  if (sampler === undefined || passage.spans === undefined) return passage;
  const { verdict, spans } = passage;
  if (verdict.from !== undefined) return passage;
  const traceId = verdict.context?.traceId ?? spans.traceId;
  if (isRecorded(sampler, traceId)) return withThreshold(passage, sampler);
  if (exchange.grant !== undefined) tryRelease(exchange.grant);
  exchange.grant = undefined;
  return unrecorded(passage, traceId, spans.clientSpanId);
}

/** A trace id and a parent that no span bears: without them a service behind us would begin a trace of its own. */
function unrecorded({ boundary, reading, verdict, policy, ruling }: Passage, traceId: string, id: string): Passage {
  const action = verdict.action === "restart" ? "restart" : "start";
  const flags = (verdict.context?.flags ?? RANDOM) & ~SAMPLED;
  const root = { traceId, parentId: id, flags, tracestate: "" };
  const plan = { action, reason: "sampled-out", from: root } as const;
  const judged = judge(reading, policy, boundary.cluster, undefined, ruling, plan);
  const left: Verdict = { ...judged, from: undefined };
  return createPassage({ boundary, reading, verdict: left, spans: undefined, policy, ruling });
}

function withThreshold(passage: Passage, { member }: RootSampler): Passage {
  const { boundary, reading, verdict, spans, policy, ruling } = passage;
  const { context } = verdict;
  if (member === undefined || context === undefined) return passage;
  const tracestate = context.tracestate === "" ? member : `${context.tracestate},${member}`;
  const others = verdict.edits.filter(({ name }) => name !== "tracestate");
  const edits = [...others, { name: "tracestate", value: tracestate }];
  const left: Verdict = { ...verdict, context: { ...context, tracestate }, edits };
  return createPassage({ boundary, reading, verdict: left, spans, policy, ruling });
}
