/** A hash ring: a key keeps its place when others come and go. Pure. */
import { hashText } from "./hash.ts";

/** Of the heaviest place: enough that the largest share of a small ring of equals stays within a third of the mean. */
const POINTS = 160;

export interface Ring {
  /** The first place from the key on that is accepted; -1 where none is. Places are indexes of the keys it was made of. */
  find(key: number, accepts: (place: number) => boolean): number;
}

/** `weights`: of each key, above 0; its share of what is asked for. All alike where absent. */
export function createRing(keys: readonly string[], weights: readonly number[] = []): Ring {
  const heaviest = Math.max(...weights);
  const pointsOf = (place: number): number => {
    const weight = weights[place];
    return weight === undefined ? POINTS : Math.max(1, Math.round((POINTS * weight) / heaviest));
  };
  const points = keys
    .flatMap((key, place) =>
      Array.from({ length: pointsOf(place) }, (_, at) => ({ hash: hashText(`${key}#${at}`), place })),
    )
    .sort((left, right) => left.hash - right.hash || left.place - right.place);
  const hashes = Uint32Array.from(points, ({ hash }) => hash);
  const places = Uint32Array.from(points, ({ place }) => place);
  return {
    find(key, accepts) {
      let low = 0;
      let high = hashes.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((hashes[middle] as number) < key) low = middle + 1;
        else high = middle;
      }
      for (let walked = 0; walked < hashes.length; walked += 1) {
        const place = places[(low + walked) % hashes.length] as number;
        if (accepts(place)) return place;
      }
      return -1;
    },
  };
}
