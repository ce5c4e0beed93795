/** Which upstream a request goes to: the first route that fits. Pure. */

export interface RouteMatch {
  /** `host` or `host:port`, any case; without a port any port fits. */
  readonly authority?: string;
  /** Whole path segments: `/api` fits `/api` and `/api/x`, not `/apix`. */
  readonly pathPrefix?: string;
}

export interface Routed<T> {
  readonly match: RouteMatch;
  readonly to: T;
}

export function matchRoute<T>(routes: readonly Routed<T>[], authority: string, path: string): T | undefined {
  for (const { match, to } of routes) {
    if (match.authority !== undefined && !fitsAuthority(match.authority, authority)) continue;
    if (match.pathPrefix !== undefined && !fitsPath(match.pathPrefix, path)) continue;
    return to;
  }
  return undefined;
}

/** `wanted` is lower case. */
function fitsAuthority(wanted: string, authority: string): boolean {
  const given = authority.toLowerCase();
  if (given === wanted) return true;
  return portAt(wanted) < 0 && portAt(given) === wanted.length && given.startsWith(wanted);
}

function portAt(authority: string): number {
  const colon = authority.lastIndexOf(":");
  return colon > authority.lastIndexOf("]") ? colon : -1;
}

function fitsPath(prefix: string, path: string): boolean {
  if (!path.startsWith(prefix)) return false;
  return prefix.endsWith("/") || path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f;
}

/** The target without its query. */
export function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}
