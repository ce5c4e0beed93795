/** A world of torn requests in which it is known whose root each is: what is told of pairs is held against it. */
import type { Crossing } from "@tracemend/context";
import type { DiagnosisOptions, Pair } from "../../src/index.ts";
import type { SpanOptions, World } from "./world.ts";
import { createWorld } from "./world.ts";

export interface TornWorld extends World {
  /** The pairs told so far. */
  readonly pairs: readonly Pair[];
  /** How many of these are right. */
  readonly right: (pairs: readonly Pair[]) => number;
  /** Runs this at a time to come. */
  readonly at: (atMs: number, run: () => void) => void;
  /** Plays what is to run until then, step by step; each second the service exports something, and a tick comes. */
  readonly play: (untilMs: number, stepMs: number) => void;
}

export function createTornWorld(options: Partial<DiagnosisOptions> = {}): TornWorld {
  const pairs: Pair[] = [];
  const truth = new Map<string, string>();
  const due: { readonly atMs: number; readonly run: () => void }[] = [];
  const world = createWorld({ paired: (pair) => pairs.push(pair), ...options });
  const { clock, diagnosis } = world;
  return {
    ...world,
    pairs,
    right: (told) => told.filter(({ root, forwarded }) => truth.get(root.traceId) === forwarded.traceId).length,
    root(crossing: Crossing, span?: SpanOptions) {
      const root = world.root(crossing, span);
      truth.set(root.traceId, crossing.verdict.context?.traceId ?? "");
      return root;
    },
    at: (atMs, run) => void due.push({ atMs, run }),
    play(untilMs, stepMs) {
      for (; clock.ms < untilMs; clock.ms += stepMs) {
        for (let at = due.length - 1; at >= 0; at -= 1) {
          if ((due[at]?.atMs ?? Infinity) <= clock.ms) due.splice(at, 1)[0]?.run();
        }
        if (clock.ms % 1_000 !== 0) continue;
        world.span({ service: "shop", kind: "internal", parentSpanId: world.id(16) });
        diagnosis.tick();
      }
    },
  };
}
