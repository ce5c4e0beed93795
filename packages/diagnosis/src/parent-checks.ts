/** A sample of spans whose parents are looked for once everyone had the longest time to export them. */
import type { SeenSpans } from "./seen-spans.ts";

const CAPACITY = 2_048;
/** Trace id and parent id. */
const WORDS = 6;

export const PARENT_CHECKS_BYTES: number = CAPACITY * (WORDS * 4 + 2 + 8);

export interface ParentChecks {
  /** `ids`: trace id, span id, parent id. Passed over while the sample is full. */
  add(ids: Uint32Array, service: number, nowMs: number): void;
  /** Looks for the parents of what was added this long ago. */
  settle(seen: SeenSpans, untilMs: number, found: (service: number, exported: boolean) => void): void;
}

export function createParentChecks(): ParentChecks {
  const words = new Uint32Array(CAPACITY * WORDS);
  const services = new Uint16Array(CAPACITY);
  const addedMs = new Float64Array(CAPACITY);
  const key = new Uint32Array(WORDS);
  let first = 0;
  let next = 0;
  return {
    add(ids, service, nowMs) {
      if (next - first >= CAPACITY) return;
      const slot = next % CAPACITY;
      for (let word = 0; word < 4; word += 1) words[slot * WORDS + word] = ids[word] as number;
      for (let word = 4; word < WORDS; word += 1) words[slot * WORDS + word] = ids[word + 2] as number;
      services[slot] = service;
      addedMs[slot] = nowMs;
      next += 1;
    },
    settle(seen, untilMs, found) {
      for (; first < next; first += 1) {
        const slot = first % CAPACITY;
        if ((addedMs[slot] as number) > untilMs) return;
        for (let word = 0; word < WORDS; word += 1) key[word] = words[slot * WORDS + word] as number;
        found(services[slot] as number, seen.has(key));
      }
    },
  };
}
