/** The host and port that a URL names, remembered: a service calls few, and parsing one costs more than judging a call. */

export interface Place {
  readonly host: string;
  readonly port: number;
}

const MAX_PLACES = 1024;
const places = new Map<string, Place | undefined>();

/** Undefined for what is no URL; the port is the scheme's own where none is named. */
export function placeOf(url: string): Place | undefined {
  if (places.has(url)) return places.get(url);
  const parsed = URL.parse(url);
  const place = parsed === null ? undefined : placeIn(parsed);
  if (places.size >= MAX_PLACES) places.clear();
  places.set(url, place);
  return place;
}

export function placeIn(url: URL): Place {
  return { host: url.hostname, port: portOf(url) };
}

function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}
