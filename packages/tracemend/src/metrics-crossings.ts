/** Crossings counted by what was decided and how they ended, and the time and the tries they took. */
import type { OpenHistogram } from "@tracemend/pipeline";
import { createHistogram } from "@tracemend/pipeline";
import type { PassedObserver, Try } from "@tracemend/proxy";
import { writeHistogram } from "./metrics-histogram.ts";
import type { Labels, MetricsText } from "./metrics.ts";

export interface CrossingCounters extends Required<PassedObserver> {
  write(out: MetricsText): void;
}

/** Series are found name after name: a text joined of all labels would be made anew for each request. */
interface BoundaryFigures {
  /** By reason, by action, by whose span is the parent. */
  readonly verdicts: Map<string, Map<string, Map<string, Outcomes>>>;
  readonly routes: Map<string, Way>;
  readonly upstreams: Map<string, Way>;
  readonly mirrors: Map<string, Map<string, Map<string, Counted>>>;
}

/** Closed sets and configured names only: nothing a peer sends may add a series. */
export function createCrossingCounters(): CrossingCounters {
  const boundaries = new Map<string, BoundaryFigures>();
  const verdicts: Outcomes[] = [];
  const routes: Way[] = [];
  const upstreams: Way[] = [];
  const mirrored: Counted[] = [];
  const figuresOf = (boundary: string): BoundaryFigures =>
    under(boundaries, boundary, () => ({
      verdicts: new Map(),
      routes: new Map(),
      upstreams: new Map(),
      mirrors: new Map(),
    }));
  return {
    mirrored({ boundary, route = "none", service: upstream = "none", failure }) {
      const outcome = failure?.kind === "abandoned" ? "abandoned" : failure === undefined ? "answered" : "failed";
      const byUpstream = under(figuresOf(boundary).mirrors, route, newMap<Map<string, Counted>>);
      const byOutcome = under(byUpstream, upstream, newMap<Counted>);
      const labels = { boundary, route, upstream, outcome };
      under(byOutcome, outcome, () => listed(mirrored, { labels, count: 0 })).count += 1;
    },
    crossed(passed) {
      const { boundary, route = "none", service: upstream, tries } = passed;
      const { action, reason, ownParent } = passed.verdict;
      const parent = ownParent ? "own" : "inbound";
      const figures = figuresOf(boundary);
      const byAction = under(figures.verdicts, reason, newMap<Map<string, Outcomes>>);
      const byParent = under(byAction, action, newMap<Outcomes>);
      const labels = { boundary, action, reason, parent };
      under(byParent, parent, () => listed(verdicts, new Outcomes(labels))).count(passed);
      const taken = under(figures.routes, route, () => listed(routes, new Way({ boundary, route })));
      taken.count(passed);
      taken.requestBytes += passed.requestBytes;
      taken.answerBytes += passed.answerBytes;
      if (upstream === undefined) return;
      const way = under(figures.upstreams, upstream, () => listed(upstreams, new Way({ boundary, upstream })));
      if (tries.length === 0) way.count(passed);
      else for (const one of tries) way.count(one);
    },
    write(out) {
      const help = "Requests that crossed a boundary, by verdict and outcome.";
      writeCounted(
        out,
        "tracemend_crossings_total",
        help,
        verdicts.flatMap(({ counted }) => counted),
      );
      writeOutcomes(
        out,
        "tracemend_route_requests_total",
        "Requests by the route they took and their outcome.",
        routes,
      );
      writeDurations(out, "tracemend_route_seconds", "Time that requests took, by route.", routes);
      out.family(
        "tracemend_route_bytes_total",
        "counter",
        "Bytes of bodies and tunnels, by route and by whose they were.",
      );
      for (const { outcomes, requestBytes, answerBytes } of routes) {
        out.sample("tracemend_route_bytes_total", { ...outcomes.labels, of: "request" }, requestBytes);
        out.sample("tracemend_route_bytes_total", { ...outcomes.labels, of: "answer" }, answerBytes);
      }
      writeOutcomes(
        out,
        "tracemend_upstream_tries_total",
        "Times a request was sent to an upstream, by outcome.",
        upstreams,
      );
      writeDurations(out, "tracemend_upstream_seconds", "Time that tries at an upstream took.", upstreams);
      writeCounted(
        out,
        "tracemend_mirrored_requests_total",
        "Copies of requests that went to a mirror, by outcome.",
        mirrored,
      );
    },
  };
}

function newMap<Held>(): Map<string, Held> {
  return new Map();
}

/** What is held under a name, made where there is nothing yet. */
function under<Held>(held: Map<string, Held>, name: string, make: () => Held): Held {
  const found = held.get(name);
  if (found !== undefined) return found;
  const made = make();
  held.set(name, made);
  return made;
}

function listed<Held>(list: Held[], held: Held): Held {
  list.push(held);
  return held;
}

interface Counted {
  readonly labels: Labels;
  count: number;
}

type Outcome = Pick<Try, "status" | "failure">;

const SIDES = { upstream: 1, downstream: 2, internal: 3 } as const;

/** Counted by class of status and side of failure. */
class Outcomes {
  readonly labels: Labels;
  readonly counted: Counted[] = [];
  readonly #found: (Counted | undefined)[] = [];

  constructor(labels: Labels) {
    this.labels = labels;
  }

  count(outcome: Outcome): void {
    const { status, failure } = outcome;
    const at =
      4 * (status === undefined ? 0 : Math.floor(status / 100)) + (failure === undefined ? 0 : SIDES[failure.side]);
    const found = (this.#found[at] ??= listed(this.counted, {
      labels: { ...this.labels, ...labelsOf(outcome) },
      count: 0,
    }));
    found.count += 1;
  }
}

function labelsOf({ status, failure }: Outcome): Labels {
  return { status: status === undefined ? "none" : `${Math.floor(status / 100)}xx`, failure: failure?.side ?? "none" };
}

/** The bounds that Prometheus' own clients begin with. */
const BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/** A route, or the way to an upstream: how what took it ended, and how long that took. */
class Way {
  readonly outcomes: Outcomes;
  readonly durations: OpenHistogram = createHistogram(BOUNDS_MS);
  /** Of a route. */
  requestBytes = 0;
  answerBytes = 0;

  constructor(labels: Labels) {
    this.outcomes = new Outcomes(labels);
  }

  count(taken: Outcome & Pick<Try, "startMs" | "endMs">): void {
    this.outcomes.count(taken);
    this.durations.add(taken.endMs - taken.startMs);
  }
}

function writeCounted(out: MetricsText, name: string, help: string, counted: readonly Counted[]): void {
  out.family(name, "counter", help);
  for (const { labels, count } of counted) out.sample(name, labels, count);
}

function writeOutcomes(out: MetricsText, name: string, help: string, ways: readonly Way[]): void {
  writeCounted(
    out,
    name,
    help,
    ways.flatMap(({ outcomes }) => outcomes.counted),
  );
}

/** In seconds. */
function writeDurations(out: MetricsText, family: string, help: string, ways: readonly Way[]): void {
  out.family(family, "histogram", help);
  for (const { outcomes, durations } of ways) writeHistogram(out, family, outcomes.labels, durations.read(), 1_000);
}
