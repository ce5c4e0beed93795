/** The clock of the called service is off: its spans lie outside the requests they belong to. */
import { OTHER_CLOCK } from "../cause.ts";
import type { EdgeFacts } from "../edge-facts.ts";
import type { Finding } from "../finding.ts";
import { calleeOf, shareText } from "../finding.ts";

const ENOUGH = 5;

/** Work that goes on after its request also lies outside, at the end; so that counts only where it began as late. */
export function detectClockSkew(facts: EdgeFacts): Finding | undefined {
  const behind = facts.beganBefore >= facts.liesAfter;
  const count = behind ? facts.beganBefore : facts.liesAfter;
  const of = facts.answered;
  if (count < ENOUGH || count < of / 2) return undefined;
  const callee = calleeOf(facts);
  const byMs = Math.round(behind ? facts.beganBeforeMs : facts.liesAfterMs);
  return {
    kind: "clock-skew",
    to: callee,
    count,
    of,
    confidence: 0.9,
    evidence: [
      behind
        ? `${shareText(count, of, "answers")} began before the request they answer, by ${byMs} ms on average: the clock is behind by at least that.`
        : `${shareText(count, of, "answers")} lie after the request they answer, by ${byMs} ms on average: the clock is ahead by at least that.`,
    ],
    alternatives: ["Our own clock may be the one that is off: then every service behind us shows it."],
    explanation: `The clocks of ${facts.boundary} and ${callee} differ: the trace is whole, but its times cannot be compared.`,
    remedy: {
      text: "Synchronise the clocks of both hosts.",
      snippet: "chronyc tracking && chronyc makestep",
      language: "sh",
    },
    causes: [OTHER_CLOCK],
  };
}
