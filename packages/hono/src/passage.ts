/** Where a request keeps its passage, for whoever has it at hand. */
import type { Passage } from "@tracemend/context";
import type { Context } from "hono";

const PASSAGE = Symbol("tracemend: passage");

interface Passed extends Request {
  [PASSAGE]?: Passage;
}

export function keepPassage(request: Request, passage: Passage): void {
  (request as Passed)[PASSAGE] = passage;
}

/** How the request was read and judged, by the middleware or around the app; undefined where it passed no boundary. */
export function passageOf(c: Context): Passage | undefined {
  return (c.get("passage") as Passage | undefined) ?? (c.req.raw as Passed)[PASSAGE];
}
