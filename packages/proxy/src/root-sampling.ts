/** Which of the traces that begin here are recorded: a share, by the randomness of their ids. Pure. */
import { wrong } from "./check.ts";

export interface RootSampling {
  /** Of the traces that begin at this boundary, from 0 to 1. Those that came in keep what was decided for them. */
  readonly ratio: number;
}

/** Options, checked. */
export interface RootSampler {
  /** The least randomness with which a trace is recorded, 14 hex digits; undefined where none is. */
  readonly least: string | undefined;
  /** The member of `tracestate` that tells it to whoever counts spans; undefined where it says nothing. */
  readonly member: string | undefined;
}

const DIGITS = 14;

/** Throws a `TypeError` that names the option and the value. Source: OpenTelemetry, "TraceState: Probability Sampling". */
export function completeSampling({ ratio }: RootSampling, option: string): RootSampler {
  if (!(ratio >= 0 && ratio <= 1)) throw wrong(`${option}.ratio`, ratio, "from 0 to 1");
  // 52 bits are exact in a number; the last digit of 56 bits is then always 0.
  const rejected = Math.round((1 - ratio) * 2 ** 52);
  if (rejected === 2 ** 52) return { least: undefined, member: undefined };
  const least = `${rejected.toString(16).padStart(DIGITS - 1, "0")}0`;
  return { least, member: rejected === 0 ? undefined : `ot=th:${least.replace(/0+$/, "")}` };
}

/** Whether the trace is recorded: the same answer wherever it is asked. */
export function isRecorded({ least }: RootSampler, traceId: string): boolean {
  return least !== undefined && traceId.slice(-DIGITS) >= least;
}
