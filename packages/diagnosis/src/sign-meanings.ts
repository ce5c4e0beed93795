/** What each kind of sign means: in words, in figures, and what to do. */
import type { DefectCode } from "@tracemend/context";
import type { SignMeaning } from "./explain-signs.ts";
import type { Gateway } from "./remedies/gateway.ts";
import { letThrough } from "./remedies/gateway-headers.ts";
import { followSampling } from "./remedies/gateway-sampling.ts";
import { exportSpans } from "./remedies/gateway-spans.ts";
import type { BreakKind, Remedy } from "./break.ts";
import type { Fact } from "./sign.ts";

const STRIPPED: SignMeaning = {
  confidence: (fact) =>
    fact === "carrier-survived"
      ? 1
      : fact === "nested-in-lost-request"
        ? 0.8
        : fact === "tracestate-orphaned"
          ? 0.95
          : 0.99,
  evidence: (fact, count, { from, boundary }) => {
    if (fact === "carrier-survived") {
      return `${count} came to ${boundary} without traceparent, but with the carrier that the border of cluster ${from} had written beside it.`;
    }
    if (fact === "same-request-at-other-border") {
      return `${count} came to ${boundary} without traceparent while the same request id was open at the border of cluster ${from}, which had sent one.`;
    }
    if (fact === "nested-in-lost-request") {
      return `${count} came to ${boundary} without anything, each for the path and within the time of a request that the border of cluster ${from} had sent and that arrived nowhere in its trace; far fewer would by chance.`;
    }
    if (fact === "format-survived") {
      return `${count} came to ${boundary} without traceparent, in the trace and below the span that the border of cluster ${from} had sent, as another header format tells.`;
    }
    return `${count} came to ${boundary} with tracestate but without traceparent: whoever sends the one sends the other.`;
  },
  explanation: (hop) =>
    `A request left with a traceparent and came without: ${hop} removes it. Behind it a second trace begins that knows nothing of the first.`,
  alternatives: [
    "A caller that sends tracestate alone would look the same where neither carrier nor request id was found.",
    "Where nothing but time and path agrees, clients that call at the same moments without a context would look the same.",
    "Where the carrier survived there is no other explanation: one border writes both into one request.",
  ],
  remedy: (hop, gateway, traffic, { boundary }) =>
    letThrough(
      `Let traceparent and tracestate through on ${hop}.${traffic === "repaired" ? "" : ` Until then a carrier can put the context back: set repair to on at ${boundary}, and let the border before it send one.`}`,
      gateway,
    ),
};

const RESTARTED: SignMeaning = {
  confidence: () => 1,
  evidence: (fact, count, { from }) =>
    fact === "carrier-of-other-trace"
      ? `${count} carried a traceparent of another trace than the carrier that the border of cluster ${from} wrote into the same request.`
      : `${count} carried our tracestate member for another trace: tracestate came through, traceparent was replaced.`,
  explanation: (hop) =>
    `The request left in one trace and came in another: ${hop} begins a trace of its own instead of continuing.`,
  alternatives: [
    "A service between the borders that restarts on purpose (public endpoint) looks the same; it would leave a link in its spans.",
  ],
  remedy: (hop, gateway) =>
    letThrough(
      `Let ${hop} continue W3C contexts: extract w3c before other formats, and pass traceparent on. Traefik, Kong and Caddy leave the old tracestate beside a new traceparent when they restart.`,
      gateway,
      "kong",
    ),
};

/** How such a value comes about, where the code tells. */
const ORIGIN: Readonly<Partial<Record<DefectCode, string>>> = {
  "traceparent-upper-case": "the sender formats ids in upper case",
  "version-tail": "the sender appends fields",
  "traceparent-truncated": "the value was cut",
  "traceparent-length": "ids of 64 bits were written without padding, or the value was cut",
  "trace-id-zero": "the sender had no valid span when it wrote the header",
  "parent-id-zero": "the sender had no valid span when it wrote the header",
  "version-forbidden": "the sender writes a version that is not allowed",
  "traceparent-syntax": "another format was copied into the field",
};

function originOf(fact: Fact): string {
  const origin = ORIGIN[fact as DefectCode];
  return origin === undefined ? "" : `: ${origin}`;
}

const GRAMMAR = "00-<32 lower-case hex>-<16 lower-case hex>-<2 hex>, 55 characters, ids not all zero";

const MALFORMED: SignMeaning = {
  confidence: () => 0.99,
  evidence: (fact, count) => `${count} had a traceparent with the defect ${fact}${originOf(fact)}.`,
  // A border of ours writes none like that: where one wrote into the request, it was spoilt behind it.
  explanation: (hop, arrival) =>
    arrival.known
      ? `The request left with a sound traceparent and came with one that no receiver may use: ${hop} spoils it, so the trace ends there and a new one begins here.`
      : `${arrival.from} sends a traceparent that no receiver may use, so the trace ends there and a new one begins here.`,
  alternatives: [
    "Where no border stands before it, a hop in between may have cut or joined the value; the sender's own spans show what it meant to send.",
  ],
  remedy: (hop, gateway, _traffic, arrival) =>
    arrival.known
      ? letThrough(`Let ${hop} pass traceparent on as it came, or write what W3C allows: ${GRAMMAR}.`, gateway)
      : {
          text: `Correct the sender behind ${arrival.from}: ${GRAMMAR}. Prefer its SDK's propagator to code that formats the header by hand.`,
          snippet: `import { context, propagation } from "@opentelemetry/api";

propagation.inject(context.active(), outgoing.headers);`,
          language: "ts",
        },
};

const DUPLICATE: SignMeaning = {
  confidence: () => 0.99,
  evidence: (fact, count) =>
    fact === "duplicate-identical"
      ? `${count} had traceparent more than once with one value; one line left.`
      : fact === "duplicate-same-trace"
        ? `${count} had several values of traceparent in one trace, which name different parents: W3C demands a new trace then.`
        : `${count} had several values of traceparent that disagree: W3C demands a new trace then.`,
  explanation: (hop) =>
    `Two participants each wrote a traceparent into one request: ${hop} adds its own and leaves the one that was there.`,
  alternatives: ["A client library that injects twice (agent and code) produces the same two lines."],
  remedy: (hop, gateway) =>
    gateway === undefined || gateway === "nginx"
      ? {
          text: `Let ${hop} replace the header instead of adding one. nginx with the otel module rewrites the first line and leaves a second; other proxies add when told to add.`,
          snippet: `# one line, whatever came in
proxy_set_header traceparent $http_traceparent;`,
          language: "nginx",
        }
      : letThrough(`Let ${hop} replace the header instead of adding one.`, gateway),
};

const GHOST: SignMeaning = {
  confidence: () => 0.8,
  evidence: (_fact, count, { from }) =>
    `${count} came under a parent that nobody exported, although the span that the border of cluster ${from} had sent as parent was exported.`,
  explanation: (hop) =>
    `${hop} puts a span id of its own into traceparent and exports that span nowhere: the trace hangs below a span that does not exist.`,
  alternatives: [
    "A service in between may export to another collector, or its spans were lost: compare with the services that are known to lie on the way.",
  ],
  remedy: (hop, gateway) =>
    exportSpans(
      `Let ${hop} either export its spans or pass traceparent on untouched. Clouds that rewrite it (Cloud Run, API gateways) need the carrier instead.`,
      gateway,
    ),
};

const STATE_LOST: SignMeaning = {
  confidence: () => 0.95,
  evidence: (fact, count, { from }) =>
    fact === "carrier-kept-state"
      ? `${count} came without our tracestate member, which the carrier of the same request still holds.`
      : `${count} came with the very traceparent that the border of cluster ${from} sent, but without the tracestate it sent with it.`,
  explanation: (hop) =>
    `${hop} passes traceparent on and loses tracestate, and with it what vendors and borders keep there, sampling thresholds included.`,
  alternatives: [
    "A list over 32 members or 512 characters may lose members from its right end by the rules; ours stands leftmost.",
  ],
  remedy: (hop, gateway) => letThrough(`Let tracestate through on ${hop}.`, gateway),
};

const STATE_MANGLED: SignMeaning = {
  confidence: () => 0.97,
  evidence: (fact, count) =>
    `${count} had a tracestate with the defect ${fact}; W3C lets a receiver discard such a list whole.`,
  explanation: (hop) =>
    `${hop} writes or passes on a tracestate that breaks the rules, so what vendors and borders keep in it is lost with the next strict receiver.`,
  alternatives: ["The list may have been broken by an earlier hop and only passed on by this one."],
  remedy: (hop, gateway) =>
    letThrough(
      `Let ${hop} pass tracestate on as it came, all lines and in their order, or replace its own member only: at most 32 members, each key once, the newest leftmost, whole members dropped from the right end.`,
      gateway,
    ),
};

const FORMATS_DISAGREE: SignMeaning = {
  confidence: (fact) => (fact === "format-conflict" ? 0.97 : 0.9),
  evidence: (fact, count, _arrival, detail) => {
    const told =
      fact === "format-conflict"
        ? "name different traces"
        : fact === "format-parent-conflict"
          ? "name different parents in one trace"
          : "disagree about sampling";
    return `${count} came with headers of several formats that ${told}: traceparent beside ${detail}.`;
  },
  explanation: (hop) =>
    `${hop} writes one trace header anew and passes the other on as it came: whoever reads the one lands in another trace, or below another parent, than whoever reads the other.`,
  alternatives: [
    "The sender itself may write both formats from two tracers that do not know each other.",
    "Clouds rewrite traceparent with spans of their own (Cloud Run, API gateways) and leave b3 or a vendor's header alone.",
  ],
  remedy: (hop, _gateway, _traffic, { boundary }) => ({
    text: `Let ${hop} write one format, or all from one span. Until then say at ${boundary} which format is believed first, and refresh or remove the others so that they cannot go stale.`,
    snippet: `policy:
  extract: [w3c, b3, datadog]
  conflict: order
  repairs: { stale: "on" }`,
    language: "yaml",
  }),
};

function flagMeaning(
  explanation: (hop: string) => string,
  text: (hop: string) => string,
  remedy: (text: string, gateway: Gateway | undefined) => Remedy = followSampling,
): SignMeaning {
  return {
    confidence: () => 0.95,
    evidence: (fact, count, { from }) =>
      `${count} came in the same trace with other flags than the border of cluster ${from} sent, by its ${fact === "carrier-flags" ? "carrier" : "tracestate member"}.`,
    explanation,
    alternatives: [
      "W3C allows a participant that writes its own parent id to decide on sampling anew; then this is policy.",
    ],
    remedy: (hop, gateway) => remedy(text(hop), gateway),
  };
}

export const SIGN_MEANINGS: Readonly<Partial<Record<BreakKind, SignMeaning>>> = {
  "stripped-before-us": STRIPPED,
  "restarted-between-borders": RESTARTED,
  "malformed-traceparent": MALFORMED,
  "duplicate-traceparent": DUPLICATE,
  "ghost-hop-before-us": GHOST,
  "tracestate-lost": STATE_LOST,
  "tracestate-mangled": STATE_MANGLED,
  "formats-disagree": FORMATS_DISAGREE,
  "sampled-flag-cleared": flagMeaning(
    (hop) =>
      `The trace was sampled and is no longer: ${hop} clears the flag, so everything behind it is missing from the trace.`,
    (hop) =>
      `Let ${hop} follow the caller's decision: parent-based sampling. Istio: no random sampling below an existing parent.`,
  ),
  "sampled-flag-set": flagMeaning(
    (hop) =>
      `The trace was not sampled and now is: ${hop} decides anew, so that fragments without a root are recorded behind it.`,
    (hop) => `Let ${hop} follow the caller's decision: parent-based sampling.`,
  ),
  "random-flag-lost": flagMeaning(
    (hop) => `${hop} drops the random flag: samplers behind it can no longer rely on the trace id being random.`,
    (hop) =>
      `Update ${hop} to a version that keeps the flag (Trace Context Level 2): Kong, the nginx otel module and Envoy's OpenTelemetry tracer emit only 00 and 01.`,
    (text) => ({ text }),
  ),
};
