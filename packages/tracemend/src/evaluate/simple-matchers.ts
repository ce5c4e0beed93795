/** What joins requests and second traces without a model: the measure that a model has to beat. */
import type { Random } from "./random.ts";
import type { Staged } from "./stimulus.ts";

/** Span ids: of the span that was forwarded, and of the root it is taken for. */
export interface Guess {
  readonly forwarded: string;
  readonly root: string;
}

interface Interval {
  readonly id: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** Each root with the request that was open around it and began last (the rule of GMTA), each request once. */
export function matchLatest(staged: Staged): readonly Guess[] {
  return match(staged, (open) => open.at(-1));
}

/** Each root with any request that was open around it, each request once. */
export function matchRandom(staged: Staged, random: Random): readonly Guess[] {
  return match(staged, (open) => open[random.below(open.length)]);
}

function match(staged: Staged, choose: (open: readonly Interval[]) => Interval | undefined): readonly Guess[] {
  const requests = requestsOf(staged);
  const guesses: Guess[] = [];
  const taken = new Set<string>();
  let first = 0;
  const longestMs = requests.reduce((most, { startMs, endMs }) => Math.max(most, endMs - startMs), 0);
  for (const root of rootsOf(staged)) {
    while (first < requests.length && (requests[first] as Interval).startMs < root.startMs - longestMs) first += 1;
    const open: Interval[] = [];
    for (let at = first; at < requests.length && (requests[at] as Interval).startMs <= root.startMs; at += 1) {
      const request = requests[at] as Interval;
      if (request.endMs >= root.endMs && !taken.has(request.id)) open.push(request);
    }
    const chosen = open.length === 0 ? undefined : choose(open);
    if (chosen === undefined) continue;
    taken.add(chosen.id);
    guesses.push({ forwarded: chosen.id, root: root.id });
  }
  return guesses;
}

/** The requests that miss their span: the same that the detector has to join. */
function requestsOf({ stimulus, truth, forwards }: Staged): readonly Interval[] {
  const parents = new Set<string>();
  for (const event of stimulus.events) {
    if (event.kind !== "crossing") for (const { parentSpanId } of event.records) parents.add(parentSpanId ?? "");
  }
  const found: Interval[] = [];
  for (const event of stimulus.events) {
    if (event.kind !== "crossing" || event.crossing.boundary !== truth.boundary) continue;
    const { startMs, endMs, verdict } = event.crossing;
    const id = verdict.context?.parentId ?? "";
    if (forwards.has(id) && !parents.has(id)) found.push({ id, startMs, endMs });
  }
  return found.sort((a, b) => a.startMs - b.startMs);
}

function rootsOf({ stimulus, truth }: Staged): readonly Interval[] {
  const found = new Map<string, Interval>();
  for (const event of stimulus.events) {
    if (event.kind !== "delivery" || event.service !== truth.to) continue;
    for (const { spanId, parentSpanId, kind, startMs, endMs, attributes } of event.records) {
      const isProbe = attributes["url.path"] === "/healthz";
      if (kind === "server" && parentSpanId === undefined && !isProbe)
        found.set(spanId, { id: spanId, startMs, endMs });
    }
  }
  return [...found.values()].sort((a, b) => a.startMs - b.startMs);
}
