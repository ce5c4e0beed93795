/** Who owns a trace: rendezvous hashing, so that one peer more or less moves only the traces it gets or had. */

export interface Ring<Peer> {
  readonly peers: readonly Peer[];
  /** The place among the peers of the one that owns a trace, by 32 bits of its hash; 0 when there are no peers. */
  readonly ownerOf: (traceHash: number) => number;
}

/** Traces are owned by the slot, so that finding an owner costs the same for two peers and for a hundred. */
const slotBits = 15;

/** The owner depends on the trace and the keys alone: not on the order of peers, and not on which process asks. */
export function defineRing<Peer extends { readonly key: string }>(peers: readonly Peer[]): Ring<Peer> {
  const owners = new Uint16Array(2 ** slotBits);
  const most = new Float64Array(2 ** slotBits).fill(-1);
  // In one order wherever peers weigh the same.
  const order = peers.map((_, index) => index).toSorted((one, other) => compare(peers[one], peers[other]));
  for (const index of order) {
    const seed = hash((peers[index] as Peer).key);
    for (let slot = 0; slot < owners.length; slot++) {
      const weight = mix(mix(slot + 1) ^ seed);
      if (weight <= (most[slot] as number)) continue;
      most[slot] = weight;
      owners[slot] = index;
    }
  }
  return { peers, ownerOf: (traceHash) => owners[traceHash >>> (32 - slotBits)] as number };
}

function compare(one: { readonly key: string } | undefined, other: { readonly key: string } | undefined): number {
  return (one?.key ?? "") < (other?.key ?? "") ? -1 : 1;
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
