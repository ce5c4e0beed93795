/** The ways in which a span may come to lie as it does in its request, and how much each tells of one edge. */

/** By each way: how likely it is that the span lies there, against chance. */
export interface Ways {
  /** Both delays as those of known pairs whose requests are about as long. */
  readonly together: number;
  /** Each delay as is known of it, whatever the other is: what was seen, but not together yet. */
  readonly apart: number;
  /** As nobody has seen yet. */
  readonly anywhere: number;
}

/** The share of known pairs that lie close. */
export const CLOSE = 0.75;

/** What known pairs showed. */
export interface Weighed {
  /** The share of pairs that lies in each way. */
  readonly shares: Ways;
  /** The odds that those which lie close reach. */
  readonly closeOdds: number;
}

/** What share of pairs lies in each way before any is tried, and for how many pairs that counts. */
const BEFORE: Ways = { together: 10, apart: 10, anywhere: 1 };

/** Shares settle in a few rounds; nothing hangs on their last digits. */
const ROUNDS = 10;

/** By known pairs that were each told by all the others. */
export function weighWays(tried: readonly Ways[]): Weighed {
  let shares = shared(BEFORE);
  for (let round = 0; round < ROUNDS; round += 1) {
    let { together, apart, anywhere } = BEFORE;
    for (const ways of tried) {
      const all = byAllWays(shares, ways);
      together += (shares.together * ways.together) / all;
      apart += (shares.apart * ways.apart) / all;
      anywhere += (shares.anywhere * ways.anywhere) / all;
    }
    shares = shared({ together, apart, anywhere });
  }
  const odds = tried.map((ways) => byAllWays(shares, ways)).sort((a, b) => b - a);
  return { shares, closeOdds: odds[Math.floor(odds.length * CLOSE)] ?? Infinity };
}

export function byAllWays(shares: Ways, { together, apart, anywhere }: Ways): number {
  return shares.together * together + shares.apart * apart + shares.anywhere * anywhere;
}

function shared({ together, apart, anywhere }: Ways): Ways {
  const all = together + apart + anywhere;
  return { together: together / all, apart: apart / all, anywhere: anywhere / all };
}
