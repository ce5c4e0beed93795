/** What was turned away before there was a request: counted, and told to whoever listens. */
import type { Refusal, RefusalKind } from "./plane/plane.ts";

export type RefusalCounts = Readonly<Record<RefusalKind, number>>;

export interface Refusals {
  readonly tell: (refusal: Refusal) => void;
  readonly counts: () => RefusalCounts;
}

export function createRefusals(listener: ((refusal: Refusal) => void) | undefined): Refusals {
  const counts: Record<RefusalKind, number> = {
    "too-many-connections": 0,
    malformed: 0,
    "head-too-large": 0,
    "slow-head": 0,
    "proxy-header": 0,
    "tls-handshake": 0,
    "http2-error": 0,
    flood: 0,
  };
  return {
    tell(refusal) {
      counts[refusal.kind] += 1;
      try {
        listener?.(refusal);
      } catch {
        // A listener watches; it has no say in what it watches.
      }
    },
    counts: () => ({ ...counts }),
  };
}
