/** The request that is being handled, and what of its head goes on to the calls made for it. */
import type { Arrival, Boundary, FieldLines, TraceContext } from "@tracemend/context";
import { PRESERVE, applyEdits, cross } from "@tracemend/context";
import { traceFields } from "./head.ts";

/** A request as its server hands it over. */
export interface Handled {
  readonly lines: FieldLines;
  readonly method: string;
  /** With or without its query. */
  readonly path: string;
  /** What trust may ask for: who called. */
  readonly arrival?: Arrival;
  /** The pattern that the path matched, once it is known: `/orders/:id`. */
  readonly route?: () => string | undefined;
}

/** What goes on. */
export interface Carried {
  /** Undefined where no context came in that may go on. */
  readonly context: TraceContext | undefined;
  /** Trace fields only, lower-case names, each name once. */
  readonly lines: FieldLines;
}

export interface Handling {
  readonly request: Handled;
  /** Read and judged on the first call that asks: a request that calls nobody costs nothing. */
  carried(): Carried;
  /** The answer is over: from now on its context goes on only for as long as the policy says. */
  end(): void;
  /** Epoch milliseconds; undefined before `end`. */
  readonly endedAtMs: number | undefined;
}

/** One for every request: a class, because closures for each method would cost more than the rest of it. */
class RequestHandling implements Handling {
  readonly request: Handled;
  readonly #boundary: Boundary;
  readonly #now: () => number;
  #carried: Carried | undefined;
  #endedAtMs: number | undefined;

  constructor(boundary: Boundary, request: Handled, now: () => number) {
    this.request = request;
    this.#boundary = boundary;
    this.#now = now;
  }

  carried(): Carried {
    return (this.#carried ??= carriedOf(this.#boundary, this.request));
  }

  end(): void {
    this.#endedAtMs ??= this.#now();
  }

  get endedAtMs(): number | undefined {
    return this.#endedAtMs;
  }
}

export function createHandling(boundary: Boundary, request: Handled, now: () => number): Handling {
  return new RequestHandling(boundary, request, now);
}

export function routeOf({ route, path }: Handled): string {
  const query = path.indexOf("?");
  return route?.() ?? (query < 0 ? path : path.slice(0, query));
}

const ALL = new Set(traceFields(PRESERVE));

/** A service without spans of its own forwards as a gateway without spans does: the caller's parent goes on unchanged. */
function carriedOf(boundary: Boundary, { lines, arrival }: Handled): Carried {
  const { verdict } = cross(boundary, lines, noSpans, arrival);
  const { carrier } = boundary.policy;
  const left = applyEdits(lines, verdict.edits);
  const carried: string[] = [];
  for (let at = 0; at + 1 < left.length; at += 2) {
    const name = (left[at] as string).toLowerCase();
    if (!ALL.has(name) && (name !== carrier?.field || !carrier.send)) continue;
    const before = carried.indexOf(name);
    if (before < 0) carried.push(name, left[at + 1] as string);
    else carried[before + 1] += `,${left[at + 1]}`;
  }
  return { context: verdict.context, lines: carried };
}

const noSpans = (): undefined => undefined;
