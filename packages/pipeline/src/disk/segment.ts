/** One file of the log: its name, which tells where it begins, and what is known of it while it is in use. */
import { join } from "node:path";
import { signals } from "./totals.ts";
import type { Totals } from "./totals.ts";

export interface Segment {
  readonly path: string;
  readonly firstSeq: number;
  /** Items of every signal written before the first record. */
  readonly before: Totals;
  readonly salt: number;
  /** The number of its last record, or of the last before it while it is empty. */
  lastSeq: number;
  /** Whole records end here. */
  bytes: number;
  /** Nothing more is written to it. */
  sealed: boolean;
  /** The reader has been through it. */
  passed: boolean;
  /** Part of it could not be read. */
  damaged: boolean;
  /** Records that were read and have not met their fate. */
  outstanding: number;
}

const suffix = ".segment";
export const quarantineSuffix = ".corrupt";

/** The name carries the totals, so that what a damaged file held is known without reading it. */
export function createSegment(folder: string, firstSeq: number, before: Totals, salt: number): Segment {
  const name = [String(firstSeq).padStart(16, "0"), ...before, salt.toString(16)].join("-") + suffix;
  return openSegment(join(folder, name), firstSeq, before, salt, 0);
}

/** Undefined when this is not the name of a segment. */
export function parseSegment(folder: string, name: string, bytes: number): Segment | undefined {
  const fields = /^(\d{16})-(\d+)-(\d+)-(\d+)-(\d+)-([\da-f]{1,8})\.segment$/.exec(name);
  if (fields === null) return undefined;
  const before = signals.map((_, index) => Number(fields[index + 2]));
  return openSegment(join(folder, name), Number(fields[1]), before, Number.parseInt(fields[6] as string, 16), bytes);
}

function openSegment(path: string, firstSeq: number, before: Totals, salt: number, bytes: number): Segment {
  const state = { sealed: false, passed: false, damaged: false, outstanding: 0 };
  return { path, firstSeq, before, salt, lastSeq: firstSeq - 1, bytes, ...state };
}
