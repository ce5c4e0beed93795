/** What every forward has in common: what it is given, how a batch becomes a body, and what an answer says of the peer. */
import { constants, gzip, zstdCompress } from "node:zlib";
import { promisify } from "node:util";
import type { Answer, Batch, Signal } from "@tracemend/otlp";
import type { Clock } from "../clock.ts";
import type { Destination } from "../destination.ts";
import { gzipOf } from "../compressed.ts";
import { spoil } from "../memory.ts";
import { accepted, busy } from "../outcome.ts";
import type { Outcome } from "../outcome.ts";
import type { Reachability } from "../reachability.ts";

export interface ForwardOptions {
  readonly destination: Destination;
  readonly reachability: Reachability;
  readonly clock: Clock;
  readonly random: () => number;
}

/** An answer larger than this is not read (OTLP 1.11, response size limit). */
export const maxAnswerBytes: number = 4 * 1024 * 1024;

const toGzip = promisify(gzip);
const toZstd = promisify(zstdCompress);

/** The body in the pieces it is written in. */
export interface Body {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
}

/** One gzip member for the whole message: several are legal, but some readers stop after the first (RFC 1952 §2.2). */
export async function toBody(batch: Batch, compression: Destination["compression"]): Promise<Body> {
  if (compression === "none") return batch;
  const gzip = compression === "gzip" ? gzipOf(batch) : undefined;
  if (gzip !== undefined) return { parts: [gzip], bytes: gzip.byteLength };
  const bytes = batch.parts.length === 1 ? (batch.parts[0] as Uint8Array) : Buffer.concat(batch.parts, batch.bytes);
  // Level 6 costs three times level 1 and saves little on OTLP.
  const compressed =
    compression === "gzip"
      ? await toGzip(bytes, { level: constants.Z_BEST_SPEED })
      : await toZstd(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  return { parts: [compressed], bytes: compressed.byteLength };
}

/** What was not taken may have been broken off, and then the system may go on writing it for a while. */
export function settle(batch: Batch, outcome: Outcome): Outcome {
  if (outcome.kind !== "accepted" && outcome.kind !== "partial") spoil(batch.parts);
  return outcome;
}

/** No answer at all, and why. */
export interface Silence {
  readonly kind: "silence";
  readonly message: string;
}

/**
 * Turns an answer into an outcome, and notes whether a peer lives. "Busy" without a time to come back is what a proxy
 * with nobody behind it says, so it counts as unreachable; a peer that names a time is there. So does a refusal that is
 * not about what was sent, such as 401 or UNIMPLEMENTED: the next batch would fare no better. Where traces are taken only
 * theirs counts: many a collector of traces answers metrics so.
 */
export function createJudgement(
  { signals }: Pick<Destination, "signals">,
  reachability: Reachability,
): (answer: Answer | Silence, signal: Signal) => Outcome {
  return (answer, signal) => {
    if (answer.kind === "silence" || (answer.kind === "busy" && answer.retryAfterMs === undefined)) {
      reachability.failing(answer.message);
      return busy(0);
    }
    if (answer.kind === "refused" && !answer.tooLarge && !answer.divisible) {
      if (signal === "traces" || !signals.includes("traces")) reachability.failing(answer.message);
      return answer;
    }
    reachability.answered();
    if (answer.kind === "accepted") return accepted;
    if (answer.kind === "partial") return answer;
    if (answer.kind === "busy") return busy(answer.retryAfterMs ?? 0);
    return answer;
  };
}
