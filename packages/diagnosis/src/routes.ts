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
      // A slice would keep all of the request line it was cut from.
      const fresh = route.split("/").join("/");
      numbers.set(fresh, names.length);
      names.push(fresh);
      return names.length - 1;
    },
    name: (route) => names[route] ?? "",
  };
}

/** The first segments; most have no id among them and are a piece of the path as it is. */
function templateOf(path: string): string {
  let from = path.indexOf("/") + 1;
  if (from === 0) return "/";
  let route = "";
  let copiedTo = from - 1;
  for (let count = 1; ; count += 1) {
    const slash = path.indexOf("/", from);
    const until = slash < 0 ? path.length : slash;
    if (isId(path, from, until)) {
      route += `${path.slice(copiedTo, from)}*`;
      copiedTo = until;
    }
    if (slash < 0 || count === MAX_SEGMENTS) return route + path.slice(copiedTo, until);
    from = until + 1;
  }
}

function isId(path: string, from: number, until: number): boolean {
  if (until - from > LONGEST_SEGMENT) return true;
  let digits = 0;
  for (let at = from; at < until; at += 1) {
    const code = path.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) digits += 1;
  }
  // "v2" is a name, "4711" and "b7e3" are not.
  return digits > 1 || (digits === 1 && until - from === 1);
}
