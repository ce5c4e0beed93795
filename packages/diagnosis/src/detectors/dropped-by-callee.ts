/** The called service got a context and began a trace of its own instead. */
import { BARE, SAME_CONNECTION, SAME_REQUEST } from "../cause.ts";
import type { EdgeFacts } from "../edge-facts.ts";
import { judgedOf } from "../edge-facts.ts";
import type { Finding } from "../finding.ts";
import { calleeOf, isWorthAlarm, shareText } from "../finding.ts";
import { readTraceContext } from "../remedies/sdk-propagators.ts";

const CAUSES: readonly number[] = [SAME_REQUEST, SAME_CONNECTION, BARE];

/** Counts that merely agree are believed from here on. */
const ENOUGH = 5;

/** How sure a request is that was paired with an orphan only by the counts of both. */
const BY_COUNT = 0.6;

export function detectDroppedByCallee(facts: EdgeFacts): Finding | undefined {
  const request = facts.missing[SAME_REQUEST] as number;
  const connection = facts.missing[SAME_CONNECTION] as number;
  const bare = facts.missing[BARE] as number;
  const exact = request + connection;
  const agreeing = Math.min(bare, facts.orphans);
  const counted = agreeing >= ENOUGH && agreeing >= bare / 2 ? agreeing : 0;
  const count = exact + counted;
  const of = judgedOf(facts);
  if (!isWorthAlarm(count, of) || count < (exact + bare) / 2) return undefined;
  const callee = calleeOf(facts);
  const evidence = [
    `${shareText(count, of, `requests forwarded to ${facts.upstream}`)} have no SERVER span below the span that was forwarded, although ${callee} has exported spans past their end.`,
  ];
  if (request > 0) evidence.push(`${request} of them are a root span of ${callee} with the same request id.`);
  if (connection > 0) {
    evidence.push(
      `${connection} of them are the only root span of ${callee} that came over our own connection at that time.`,
    );
  }
  if (counted > 0) {
    evidence.push(
      `For ${bare} no span was found by an exact join; ${callee} exported ${facts.orphans} root spans that nothing else explains.`,
    );
  }
  evidence.push(
    facts.answered === 0
      ? `No request was continued: this points to the configuration of ${callee}, not to one code path.`
      : `${facts.answered} other requests were continued: this points to one route, version or instance of ${callee}.`,
  );
  const sdk = readTraceContext(facts.language);
  return {
    kind: "dropped-by-callee",
    to: callee,
    hop: `service ${callee}`,
    count,
    of,
    confidence: (0.999 * request + 0.99 * connection + BY_COUNT * counted) / count,
    evidence,
    alternatives: [
      "A hop between us and the service removes the header: then its roots name a peer that is not our connection.",
      ...(counted > 0
        ? ["The service may be called by others who send no context, and not record the requests that come through us."]
        : []),
    ],
    explanation: `${callee} receives a valid traceparent from ${facts.boundary} and does not continue it: it begins a new trace, so each request is two traces that nothing joins.`,
    remedy: {
      text: `Let the SDK of ${callee} read W3C trace context: set the tracecontext propagator, load the HTTP server instrumentation before the server, and switch off "public endpoint" behaviour behind a border of your own.`,
      snippet: sdk.snippet,
      language: sdk.language,
    },
    causes: CAUSES,
  };
}
