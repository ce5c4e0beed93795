/** Finds the peers of a destination, and tells when they change. */

export interface ResolverEvents {
  /** All peers there are now, as `host:port`; told again only when they differ. */
  readonly found: (peers: readonly string[]) => void;
  /** They could not be found out; those known before stay. */
  readonly failed: (message: string) => void;
}

export interface Resolver {
  close(): void;
}

/** Tells a changed set of peers, and never an empty one: no answer is more often a sick resolver than no peers. */
export function tellChanges(events: ResolverEvents): (peers: readonly string[]) => void {
  let told = "";
  return (peers) => {
    const sorted = [...new Set(peers)].toSorted();
    if (sorted.length === 0) {
      events.failed("no peers");
      return;
    }
    const text = sorted.join();
    if (text === told) return;
    told = text;
    events.found(sorted);
  };
}

/** An IPv6 address stands in brackets before a port (RFC 3986 §3.2.2). */
export function formatPeer(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
