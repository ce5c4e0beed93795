/** What the processes that export spans say of themselves, by number; the newest few thousand. */

export interface SpanSource {
  /** `service.version` and `k8s.pod.name`; "" where not given. */
  readonly version: string;
  readonly pod: string;
}

const MOST = 4_096;

export interface SourceBook {
  /** From 1 on, and anew from 1 after the largest: what is remembered by number is long gone then. */
  add(source: SpanSource): number;
  at(number: number): SpanSource | undefined;
}

export function createSourceBook(): SourceBook {
  const sources: SpanSource[] = [];
  let added = 0;
  return {
    add(source) {
      const number = (added % MOST) + 1;
      added += 1;
      sources[number] = source;
      return number;
    },
    at: (number) => sources[number],
  };
}
