/** What the diagnosis says: which kind of break, where, how sure, and what to do. */

import type { Scope } from "./facets.ts";
import type { Suspect } from "./suspects.ts";

/** The taxonomy: what came in shows the first group, the missing or misplaced spans of the called service the second. */
export type BreakKind =
  | "stripped-before-us"
  | "restarted-between-borders"
  | "malformed-traceparent"
  | "duplicate-traceparent"
  | "ghost-hop-before-us"
  | "tracestate-lost"
  | "tracestate-mangled"
  | "formats-disagree"
  | "sampled-flag-cleared"
  | "sampled-flag-set"
  | "random-flag-lost"
  | "dropped-by-callee"
  | "dropped-before-callee"
  | "deliberate-restart"
  | "ghost-hop"
  | "truncated-trace-id"
  | "rewritten-trace-id"
  | "export-loss"
  | "recorded-unsampled"
  | "context-leak"
  | "clock-skew";

/** What happens to the requests concerned now: the context is put back, would be put back, or stays broken. */
export type Traffic = "repaired" | "reported" | "open";

export interface Remedy {
  readonly text: string;
  readonly snippet?: string;
  /** Of the snippet: `nginx`, `yaml`, `haproxy`, `ts`, `sh` and so on. */
  readonly language?: string;
  /** The same change for other products that may sit there. */
  readonly others?: readonly RemedySnippet[];
}

export interface RemedySnippet {
  readonly product: string;
  readonly snippet: string;
  readonly language: string;
}

export interface BreakExample {
  /** The trace that was forwarded, or that came in where none was forwarded. */
  readonly traceId: string;
  readonly spanId?: string;
  /** The second trace that the same request ended up in. */
  readonly otherTraceId?: string;
  readonly atMs: number;
}

export interface Break {
  readonly kind: BreakKind;
  readonly edge: BreakEdge;
  /** Who may have done it, the likeliest first: that is the edge's `hop`. */
  readonly suspects: readonly Suspect[];
  /** Which routes, versions and pods it hits, as far as that tells anything; empty for what came in. */
  readonly scope: readonly Scope[];
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Requests in the window that show it. */
  readonly count: number;
  /** Requests on the edge in the window of which it is known what became of them: broken this way, otherwise, or whole. */
  readonly of: number;
  /** 0 to 1: how sure it is that the named culprit is the one. */
  readonly confidence: number;
  /** Facts with figures, each a sentence. */
  readonly evidence: readonly string[];
  /** What else would look the same, and what speaks against it. */
  readonly alternatives: readonly string[];
  readonly explanation: string;
  readonly remedy: Remedy;
  readonly traffic: Traffic;
  /** Requests of `count` whose context was put back. */
  readonly repaired: number;
  readonly examples: readonly BreakExample[];
}

export interface BreakEdge {
  readonly from: string;
  readonly to: string;
  /** The suspected culprit in words: the hop between two borders, or the service. */
  readonly hop: string;
}
