/** Who owns a trace: rendezvous hashing, so that one peer more or less moves only the traces it gets or had. */

export interface Ring<Peer> {
  readonly peers: readonly Peer[];
  /** Undefined when there are no peers. */
  ownerOf(traceId: string): Peer | undefined;
}

/**
 * The owner depends on the trace id and the keys alone: not on the order of peers, and not on which process asks. Every
 * peer is weighed for every trace, which for a hundred peers costs less than reading the spans of the trace.
 */
export function defineRing<Peer extends { readonly key: string }>(peers: readonly Peer[]): Ring<Peer> {
  const seeds = Uint32Array.from(peers, (peer) => hash(peer.key));
  return {
    peers,
    ownerOf(traceId) {
      const trace = hash(traceId);
      let owner = 0;
      let most = -1;
      for (let index = 0; index < seeds.length; index++) {
        const weight = mix(trace ^ (seeds[index] as number));
        if (weight <= most) continue;
        most = weight;
        owner = index;
      }
      return peers[owner];
    },
  };
}

/** FNV-1a, 32 bits, and a finish that spreads it. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(state);
}

/** The finish of MurmurHash3: every bit of the input changes half of the output. */
function mix(value: number): number {
  let state = value;
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
