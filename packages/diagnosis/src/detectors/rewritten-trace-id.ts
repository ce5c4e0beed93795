/** The called service, or a hop before it, made another trace id of the one it was sent. */
import { REWRITTEN } from "../cause.ts";
import type { EdgeFacts } from "../edge-facts.ts";
import { judgedOf, toldOf } from "../edge-facts.ts";
import type { Finding } from "../finding.ts";
import { calleeOf, isWorthAlarm, shareText, untoldText } from "../finding.ts";
import type { TraceIdForm } from "../trace-id-form.ts";

const MADE_INTO: Readonly<Record<TraceIdForm, string>> = {
  "lower-half": "the lower 64 bits of it",
  "upper-half": "the upper 64 bits of it: the text was cut after 16 digits",
  xray: "its last 96 bits behind a new time, as AWS X-Ray writes trace ids",
  decimal: "the decimal digits of its lower half read as hexadecimal",
  other: "another id altogether, below the very span that was forwarded",
};

export function detectRewritten(facts: EdgeFacts): Finding | undefined {
  const count = facts.missing[REWRITTEN] as number;
  if (!isWorthAlarm(count, judgedOf(facts))) return undefined;
  const of = toldOf(facts);
  const callee = calleeOf(facts);
  const form = facts.form ?? "other";
  return {
    kind: "rewritten-trace-id",
    to: callee,
    count,
    of,
    confidence: form === "other" ? 0.97 : 1,
    evidence: [
      `${shareText(count, of, `requests forwarded to ${facts.upstream}`)} appear in ${callee} under another trace id than the one that was forwarded: last, ${MADE_INTO[form]}.`,
      ...untoldText(facts),
    ],
    alternatives: ["None: neither half of a trace id nor a span id agrees by chance."],
    explanation: `The context is converted on the way into ${callee} and its trace id does not survive: one request is stored as two traces that share a part of their id.`,
    remedy: {
      text: `Let ${callee} and the hops before it read and write W3C headers; ids of other formats are conversions of it, in hexadecimal, all 32 digits.`,
      snippet: `OTEL_PROPAGATORS=tracecontext,baggage
# Datadog: decimal ids of 64 bits are what its own headers carry
DD_TRACE_PROPAGATION_STYLE=tracecontext
# AWS: an id of X-Ray is a W3C trace id with two dashes; do not put a time in front of one that came in`,
      language: "sh",
    },
    causes: [REWRITTEN],
  };
}
