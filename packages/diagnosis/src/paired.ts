/** A request and the root span that it ended up in, told as soon as they are joined: what links and evaluations are made of. */
import {
  ANSWERED_ELSEWHERE,
  LINKED,
  REWRITTEN,
  SAME_CONNECTION,
  SAME_REQUEST,
  SAME_REQUEST_OTHER_PEER,
  SAME_TIME,
  TRUNCATED,
} from "./cause.ts";
import type { SpanRef } from "./repair.ts";

/** What joined them, the surest first. */
export type PairedBy = "answer" | "trace-id" | "link" | "request-id" | "connection" | "time";

export interface Pair {
  readonly forwarded: SpanRef;
  readonly root: SpanRef;
  readonly by: PairedBy;
  /** 0 to 1. */
  readonly confidence: number;
}

/** By cause. */
export const PAIRED_BY: Readonly<Partial<Record<number, PairedBy>>> = {
  [ANSWERED_ELSEWHERE]: "answer",
  [LINKED]: "link",
  [TRUNCATED]: "trace-id",
  [REWRITTEN]: "trace-id",
  [SAME_REQUEST]: "request-id",
  [SAME_REQUEST_OTHER_PEER]: "request-id",
  [SAME_CONNECTION]: "connection",
  [SAME_TIME]: "time",
};
