/** What is known of one trace that is not decided: counts and times, and what policies have seen in its spans. */
import type { SpanView } from "@tracemend/otlp";
import type { Choice } from "./choice.ts";
import type { Held } from "./held.ts";
import { readOt } from "./ot-member.ts";
import { randomnessOf } from "./threshold.ts";

export class Trace {
  readonly id: string;
  readonly firstMs: number;
  readonly randomness: string;
  spans = 0;
  startMs: number = Infinity;
  endMs: number = -Infinity;
  choice: Choice | undefined = undefined;
  /** By the number of the watch: seen in one of its spans. */
  readonly seen: boolean[];
  /** The batches that wait for its decision. */
  held: Held[] = [];

  constructor(span: SpanView, firstMs: number, watches: number) {
    this.id = span.traceId();
    this.firstMs = firstMs;
    this.randomness = readOt(span.tracestate()).randomness ?? randomnessOf(this.id);
    this.seen = watches === 0 ? noneSeen : Array.from({ length: watches }, () => false);
  }

  count(span: SpanView): void {
    this.spans++;
    this.startMs = Math.min(this.startMs, span.startMs());
    this.endMs = Math.max(this.endMs, span.endMs());
  }
}

const noneSeen: boolean[] = [];
