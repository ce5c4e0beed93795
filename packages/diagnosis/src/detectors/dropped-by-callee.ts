/** The called service got a context and began a trace of its own instead. */
import { ANSWERED_ELSEWHERE, BARE, SAME_CONNECTION, SAME_REQUEST, SAME_TIME } from "../cause.ts";
import type { EdgeFacts } from "../edge-facts.ts";
import { judgedOf, toldOf } from "../edge-facts.ts";
import type { Finding } from "../finding.ts";
import { calleeOf, isWorthAlarm, shareText, untoldText } from "../finding.ts";
import { readTraceContext } from "../remedies/sdk-propagators.ts";

const JOINED: readonly number[] = [ANSWERED_ELSEWHERE, SAME_REQUEST, SAME_CONNECTION, SAME_TIME];

/** Requests that merely have a fitting orphan are believed from here on. */
const ENOUGH = 5;

/** Standard deviations by which agreement must exceed chance. */
const FAR_BEYOND = 3;

/** What chance does is itself known by a sample: the variance of the difference is that much larger. */
const UNSURE_CHANCE = 1.5;

/** A service that drops contexts leaves a root for each request; fewer agree where it is merely called by others too. */
const LEAST_AGREEMENT = 0.5;

/** Of requests that a root fits so many must have one of their own: one alone may lie within all that are open around it. */
const LEAST_APART = 0.6;

/** How sure the pairs are: by time as measured on published traces, by mere agreement as set. */
const BY_TIME = 0.95;
const BY_AGREEMENT = 0.7;

export function detectDroppedByCallee(facts: EdgeFacts): Finding | undefined {
  const named = facts.missing[ANSWERED_ELSEWHERE] as number;
  const request = facts.missing[SAME_REQUEST] as number;
  const connection = facts.missing[SAME_CONNECTION] as number;
  const time = facts.missing[SAME_TIME] as number;
  const bare = facts.missing[BARE] as number;
  const joined = named + request + connection + time;
  const agreeing = Math.min(bare, Math.max(0, agreeingOf(facts) - time));
  const count = joined + agreeing;
  if (!isWorthAlarm(count, judgedOf(facts))) return undefined;
  const of = toldOf(facts) + agreeing;
  const callee = calleeOf(facts);
  const evidence = [
    `${shareText(count, of, `requests forwarded to ${facts.upstream}`)} have no SERVER span below the span that was forwarded, although ${callee} has exported spans past their end.`,
  ];
  if (named > 0)
    evidence.push(`${named} of them got an answer that names another trace (traceresponse, Server-Timing).`);
  if (request > 0) evidence.push(`${request} of them are a root span of ${callee} with the same request id.`);
  if (connection > 0) {
    evidence.push(
      `${connection} of them are the only root span of ${callee} that came over our own connection at that time.`,
    );
  }
  if (time > 0) {
    evidence.push(`${time} of them fit one root span of ${callee} in time as no other pair does.`);
  }
  if (agreeing > 0) {
    evidence.push(
      `For ${agreeing} more a root span of ${callee} lies where theirs would; ${facts.compatible} of ${facts.compared} have one there, ${Math.round(facts.compatibleByChance)} would by chance. Which belongs to which cannot be told.`,
    );
  }
  evidence.push(...untoldText(facts, agreeing));
  evidence.push(
    facts.answered === 0
      ? `No request was continued: this points to the configuration of ${callee}, not to one code path.`
      : `${facts.answered} other requests were continued: this points to one route, version or instance of ${callee}.`,
  );
  const sdk = readTraceContext(facts.language);
  return {
    kind: "dropped-by-callee",
    to: callee,
    count,
    of,
    confidence: (named + 0.999 * request + 0.99 * connection + BY_TIME * time + BY_AGREEMENT * agreeing) / count,
    evidence,
    alternatives: [
      "A hop between us and the service removes the header: then its roots name a peer that is not our connection.",
      ...(agreeing + time > 0
        ? ["The service may be called by others who send no context, and not record the requests that come through us."]
        : []),
    ],
    explanation: `${callee} receives a valid traceparent from ${facts.boundary} and does not continue it: it begins a new trace, so each request is two traces that nothing joins.`,
    remedy: {
      text: `Let the SDK of ${callee} read W3C trace context: set the tracecontext propagator, load the HTTP server instrumentation before the server, and switch off "public endpoint" behaviour behind a border of your own.`,
      snippet: sdk.snippet,
      language: sdk.language,
    },
    causes: agreeing > 0 ? [...JOINED, BARE] : JOINED,
  };
}

/** How many of the compared requests have their span among the roots that fit; 0 where chance may have put them there. */
function agreeingOf(facts: EdgeFacts): number {
  const { compared, compatible, compatibleByChance, compatibleApart, compatibleAtBest } = facts;
  if (compatibleApart < LEAST_APART * compatible) return 0;
  const excess = compatible - compatibleByChance;
  const byChance = Math.min(1, compatibleByChance / Math.max(1, compared));
  const deviation = Math.sqrt(UNSURE_CHANCE * compared * byChance * (1 - byChance) + 1);
  const share = excess / Math.max(1, compatibleAtBest - compatibleByChance);
  const agreeing = Math.round(Math.min(1, share) * compared);
  return excess > FAR_BEYOND * deviation && agreeing >= ENOUGH && share >= LEAST_AGREEMENT ? agreeing : 0;
}
