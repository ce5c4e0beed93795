/** What each kind of sign means. */
import type { SignMeanings } from "./explain-signs.ts";
import { letThrough } from "./explain-signs.ts";

export const SIGN_MEANINGS: SignMeanings = {
  "stripped-before-us": {
    confidence: (fact) => (fact === "carrier-survived" ? 1 : 0.95),
    evidence: (fact, count, { from, boundary }) =>
      fact === "carrier-survived"
        ? `${count} came to ${boundary} without traceparent, but with the carrier that the border of cluster ${from} had written beside it.`
        : `${count} came to ${boundary} with tracestate but without traceparent: whoever sends the one sends the other.`,
    explanation: (hop) =>
      `A request left with a traceparent and came without: ${hop} removes it. Behind it a second trace begins that knows nothing of the first.`,
    alternatives: [
      "None where the carrier survived: it is written together with traceparent, by one border, into one request.",
    ],
    remedy: (hop, gateway, traffic, { boundary }) =>
      letThrough(
        `Let traceparent and tracestate through on ${hop}.${traffic === "repaired" ? "" : ` Until then the carrier can put the context back: set repair to on at ${boundary}.`}`,
        gateway,
      ),
  },
};
