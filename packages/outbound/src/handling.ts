/** The request that is being handled, and what of its head goes on to the calls made for it. */
import type { Boundary, FieldLines, TraceContext } from "@tracemend/context";
import { applyEdits, cross } from "@tracemend/context";
import { traceFields } from "./head.ts";

/** A request as its server hands it over. */
export interface Handled {
  readonly lines: FieldLines;
  readonly method: string;
  /** With or without its query. */
  readonly path: string;
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

export function createHandling(boundary: Boundary, request: Handled, now: () => number): Handling {
  let carried: Carried | undefined;
  let endedAtMs: number | undefined;
  return {
    request,
    carried: () => (carried ??= carriedOf(boundary, request.lines)),
    end: () => {
      endedAtMs ??= now();
    },
    get endedAtMs() {
      return endedAtMs;
    },
  };
}

export function routeOf({ route, path }: Handled): string {
  const query = path.indexOf("?");
  return route?.() ?? (query < 0 ? path : path.slice(0, query));
}

/** A service without spans of its own forwards as a gateway without spans does: the caller's parent goes on unchanged. */
function carriedOf(boundary: Boundary, lines: FieldLines): Carried {
  const { verdict } = cross(boundary, lines, () => undefined);
  const { carrier } = boundary.policy;
  const wanted = traceFields(boundary.policy).filter((name) => name !== carrier?.field || carrier.send);
  const left = applyEdits(lines, verdict.edits);
  const values = new Map<string, string>();
  for (let at = 0; at + 1 < left.length; at += 2) {
    const name = (left[at] as string).toLowerCase();
    if (!wanted.includes(name)) continue;
    const before = values.get(name);
    values.set(name, before === undefined ? (left[at + 1] as string) : `${before},${left[at + 1]}`);
  }
  return { context: verdict.context, lines: [...values].flat() };
}
