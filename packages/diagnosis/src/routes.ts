/** The routes of one edge by number, from the paths that were requested: what looks like an id is taken out. */

/** What a record holds where its route is not kept, and where it has none. */
export const NOT_KEPT = 0;
export const NO_ROUTE = 255;

/** Routes that are told apart. */
const MAX_ROUTES = 32;
const MAX_SEGMENTS = 3;
const LONGEST_SEGMENT = 24;

/** From here on one request in so many is kept. */
const KNOWN_WELL = 512;
const SAMPLE_OF = 8;

export interface Routes {
  /** The number to keep for a request; `NOT_KEPT` for most once many were seen. Undefined is a request without a path. */
  keep(path: string | undefined): number;
  name(route: number): string;
}

export function createRoutes(): Routes {
  const numbers = new Map<string, number>();
  const names: string[] = [""];
  let seen = 0;
  return {
    keep(path) {
      seen += 1;
      if (seen > KNOWN_WELL && seen % SAMPLE_OF !== 0) return NOT_KEPT;
      if (path === undefined) return NO_ROUTE;
      const route = templateOf(path);
      const known = numbers.get(route);
      if (known !== undefined) return known;
      if (names.length > MAX_ROUTES) return NO_ROUTE;
      numbers.set(route, names.length);
      names.push(route);
      return names.length - 1;
    },
    name: (route) => names[route] ?? "",
  };
}

function templateOf(path: string): string {
  const segments = path.split("/", MAX_SEGMENTS + 1).slice(1);
  return `/${segments.map((segment) => (isId(segment) ? "*" : segment)).join("/")}`;
}

function isId(segment: string): boolean {
  if (segment.length > LONGEST_SEGMENT) return true;
  let digits = 0;
  for (let at = 0; at < segment.length; at += 1) {
    const code = segment.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) digits += 1;
  }
  // "v2" is a name, "4711" and "b7e3" are not.
  return digits > 1 || (digits === 1 && segment.length === 1);
}
