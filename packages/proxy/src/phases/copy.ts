/** The trace context of a copy: in the same trace under a CLIENT span of its own, or so that nobody records it. */
import type { Arrival, Edits, FieldLines, Passage, Policy, Reading, Ruling, TraceContext } from "@tracemend/context";
import {
  FORMATS,
  OWN_KEY,
  applyEdits,
  createPassage,
  isSampled,
  judge,
  memberValue,
  parseOwnMember,
  read,
} from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import type { MirrorOf } from "../mirror-options.ts";
import type { SpanGrant } from "../spans.ts";
import { tryCopy, tryGrant, tryRelease } from "../spans.ts";
import type { Service } from "../upstream/service.ts";
import { arrivalOf, forwarded, leaving } from "./cross.ts";

export interface Copy {
  readonly lines: FieldLines;
  readonly passage: Passage;
  /** Of the span whose id leaves as the parent; undefined where none of ours does. */
  readonly grant: SpanGrant | undefined;
}

const GO_ON: Ruling = { trust: "continue", capped: false };
const UNSAMPLED: Ruling = { trust: "continue", capped: true };

/** What says which trace a request belongs to, in any format: none of it is the copy's. */
const NO_TRACE: Edits = ["traceparent", "tracestate", ...[...FORMATS.values()].flatMap(({ fields }) => fields)].map(
  (name) => ({ name, value: null }),
);

/**
 * Crosses once more, from the context that the request itself left with. A copy for which no span is accepted for
 * export leaves unsampled, as a denied one: else it would be recorded as one more answer to the caller's own span.
 */
export function crossCopy(exchange: Exchange, crossed: Passage, { to, sampling }: MirrorOf<Service>): Copy {
  const { site, grant } = exchange;
  const { cluster, policy: whole } = site.boundary;
  const policy = whole.upstreams?.get(to.name) ?? whole;
  const arrival = { ...arrivalOf(exchange), upstream: to.name };
  const within = crossed.verdict.context ?? crossed.verdict.from;
  const sampled = within !== undefined && isSampled(within);
  const apart = sampling === "accept" && !sampled ? tryGrant(site.spans) : undefined;
  const own = apart ?? (sampled && sampling !== "deny" && grant !== undefined ? tryCopy(grant) : undefined);
  const lines = withoutTrace(exchange, crossed, policy, arrival);
  const absent = read(lines, policy, arrival);
  const reading = within === undefined || apart !== undefined ? absent : readingOf(absent, within);
  const ruling = sampled && own === undefined ? UNSAMPLED : GO_ON;
  const judged = judge(reading, policy, cluster, own?.spans, ruling);
  const { ownParent, edits } = judged;
  if (own !== undefined && !ownParent) tryRelease(own);
  const verdict = apart === undefined || within === undefined ? judged : { ...judged, links: [within] };
  return {
    lines: forwarded(exchange, applyEdits(lines, edits)),
    passage: createPassage({
      boundary: site.boundary,
      reading,
      verdict,
      spans: ownParent ? own?.spans : undefined,
      policy,
      ruling,
    }),
    grant: ownParent ? own : undefined,
  };
}

/** The lines as the mirror's policy lets them leave, without any trace and with the carrier taken out. */
function withoutTrace(exchange: Exchange, { ruling }: Passage, policy: Policy, arrival: Arrival): FieldLines {
  const { lines } = exchange.caller.head;
  const { carrier } = policy;
  const quiet = carrier?.send === true ? { ...policy, carrier: { ...carrier, send: false } } : policy;
  const { edits } = judge(read(lines, quiet, arrival), quiet, exchange.site.boundary.cluster, undefined, ruling);
  return applyEdits(applyEdits(leaving(exchange, carrier), edits), NO_TRACE);
}

/** As though the context had come in on these lines. */
function readingOf(absent: Reading, context: TraceContext): Reading {
  const member = memberValue(context.tracestate, OWN_KEY);
  const own = member === undefined ? undefined : parseOwnMember(member);
  return { ...absent, kind: "valid", context, notes: [], own };
}
