/**
 * The row of the table that nearly all requests come to: a clean head at a policy that asks for nothing but that it goes
 * on. The edits are there at once; the reading and the verdict, which say why, are worked out for whoever asks.
 */
import type { BorderList } from "./border-list.ts";
import { formatBorderList, parseBorderList } from "./border-list.ts";
import type { Boundary } from "./boundary.ts";
import type { Edits } from "./edits.ts";
import { NO_EDITS } from "./edits.ts";
import type { OwnSpans } from "./judge.ts";
import { BELIEVED, judge } from "./judge.ts";
import { KEY, OWN_KEY, isOthersAlone } from "./own-member.ts";
import type { Passage } from "./passage.ts";
import { createPassage } from "./passage.ts";
import { flagsIn, parentIdIn, traceIdHashIn, withParentId } from "./plain-traceparent.ts";
import type { Policy, Ruling } from "./policy.ts";
import type { ValidReading } from "./reading.ts";
import { readClean, readPair } from "./reading.ts";
import type { TraceContext } from "./trace-context.ts";
import { SAMPLED } from "./trace-context.ts";
import { contextIn } from "./traceparent.ts";
import type { Verdict } from "./verdict.ts";

/**
 * By a plain policy, a `traceparent` that `isPlainTraceparent` says yes to and a `tracestate`, each the only one of its
 * field; undefined for a list that did not come. Undefined where the head is of another row; then `grant` was not asked.
 */
export function passPlainly(
  boundary: Boundary,
  policy: Policy,
  wire: string,
  list: string | undefined,
  grant: () => OwnSpans | undefined,
): Passage | undefined {
  if (list !== undefined && mayNotStay(list, policy)) return undefined;
  const spans = (flagsIn(wire) & SAMPLED) === 0 ? undefined : grant();
  return spans === undefined
    ? new PlainPassage(boundary, policy, undefined, NO_EDITS, wire, list ?? "")
    : continueBy(spans, boundary, policy, wire, list ?? "");
}

/** A list of nothing but commas and blanks leaves, and one that names the last exported span may be a reason to repair. */
function mayNotStay(list: string, policy: Policy): boolean {
  return !(list.charCodeAt(0) > COMMA) || (policy.repairs.parent === "on" && list.includes(OWN_KEY));
}

const COMMA = 0x2c;

/** Our span in the trace, and our member first in the list, in place of the one that the border before us put there. */
function continueBy(spans: OwnSpans, boundary: Boundary, policy: Policy, wire: string, list: string): Passage {
  const { cluster } = boundary;
  const { clientSpanId } = spans;
  const hash = traceIdHashIn(wire);
  const border = list.startsWith(KEY) ? borderBefore(list, wire, hash) : undefined;
  const isPlain = border !== undefined || list === "" || isOthersAlone(list);
  if (policy.signing !== undefined || !isPlain) {
    const reading = readPair(wire, list);
    const verdict = judge(reading, policy, cluster, spans, BELIEVED);
    return createPassage({ boundary, reading, verdict, spans, policy, ruling: BELIEVED });
  }
  const others = border?.others ?? list;
  const hop = border === undefined ? 1 : Math.min(border.hop + 1, 255);
  const edits = [
    { name: "traceparent", value: withParentId(wire, clientSpanId) },
    { name: "tracestate", value: formatBorderList(cluster, hop, hash, clientSpanId, flagsIn(wire), others) },
  ];
  return new PlainPassage(boundary, policy, spans, edits, wire, list);
}

/** The list as the border right before us left it beside this very `traceparent`; undefined for any other. */
function borderBefore(list: string, wire: string, hash: string): BorderList | undefined {
  const border = parseBorderList(list, hash, parentIdIn(wire));
  return border === undefined || border.others === "" || isOthersAlone(border.others) ? border : undefined;
}

class PlainPassage implements Passage {
  readonly boundary: Boundary;
  readonly policy: Policy;
  readonly spans: OwnSpans | undefined;
  readonly edits: Edits;
  readonly #wire: string;
  readonly #list: string;
  #context: TraceContext | undefined;
  #reading: ValidReading | undefined;
  #verdict: Verdict | undefined;

  constructor(
    boundary: Boundary,
    policy: Policy,
    spans: OwnSpans | undefined,
    edits: Edits,
    wire: string,
    list: string,
  ) {
    this.boundary = boundary;
    this.policy = policy;
    this.spans = spans;
    this.edits = edits;
    this.#wire = wire;
    this.#list = list;
  }

  get context(): TraceContext | undefined {
    return this.#verdict === undefined ? (this.#context ??= this.#contextAlone()) : this.#verdict.context;
  }

  get ruling(): Ruling {
    return BELIEVED;
  }

  get reading(): ValidReading {
    return (this.#reading ??=
      this.spans === undefined ? readPair(this.#wire, this.#list) : readClean(this.#wire, this.#list));
  }

  get verdict(): Verdict {
    return (this.#verdict ??= this.#judge());
  }

  #contextAlone(): TraceContext | undefined {
    const { spans } = this;
    if (spans !== undefined) {
      const { traceId, flags, tracestate } = contextIn(this.#wire, this.edits[1]?.value ?? "");
      return { traceId, parentId: spans.clientSpanId, flags, tracestate };
    }
    const list = this.#list;
    return list === "" || isOthersAlone(list) ? contextIn(this.#wire, list) : this.verdict.context;
  }

  #judge(): Verdict {
    const { reading, spans, edits } = this;
    const { context: from } = reading;
    const isClean = reading.notes.length === 0 && reading.own === undefined;
    if (spans === undefined && !isClean) return judge(reading, this.policy, this.boundary.cluster, undefined, BELIEVED);
    return {
      action: "preserve",
      reason: "intact",
      from,
      context: spans === undefined ? from : this.context,
      ownParent: spans !== undefined,
      edits,
      links: undefined,
      repaired: undefined,
      reported: undefined,
    };
  }
}
