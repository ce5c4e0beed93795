/** What an earlier run left in the folder: the segments, where the last of them ends, and which records are settled. */
import { readFileSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { readJournal } from "./journal.ts";
import { headerBytes, magic, parseHeader } from "./record.ts";
import { parseSegment, quarantineSuffix } from "./segment.ts";
import type { Segment } from "./segment.ts";
import { addTotals, noTotals, subtractTotals, totalsOf } from "./totals.ts";
import type { Totals } from "./totals.ts";

export interface Recovery {
  /** In order; all of them sealed. */
  readonly segments: Segment[];
  readonly quarantined: { readonly path: string; readonly bytes: number }[];
  /** The number for the next record. */
  readonly nextSeq: number;
  /** Items of every signal ever written. */
  readonly written: Totals;
  /** Items that have not met their fate. */
  readonly waiting: Totals;
  readonly settled: Map<number, Totals>;
  /** At the end of the last file: a record whose write was cut off, and which nobody was told is accepted. */
  readonly tornBytes: number;
}

/** The folder exists. Synchronous: the names of the files say most, and one of them is read. */
export function recover(folder: string): Recovery {
  const names = readdirSync(folder).toSorted();
  const segments = names.flatMap((name) => parseSegment(folder, name, sizeOf(folder, name)) ?? []);
  const quarantined = names
    .filter((name) => name.endsWith(quarantineSuffix))
    .map((name) => ({ path: join(folder, name), bytes: sizeOf(folder, name) }));

  let tornBytes = 0;
  let lastSeq = 0;
  let written = noTotals;
  const last = segments.at(-1);
  if (last !== undefined) {
    const tail = findTail(last);
    tornBytes = last.bytes - tail.end;
    last.bytes = tail.end;
    last.lastSeq = tail.lastSeq;
    ({ lastSeq, written } = tail);
    if (tornBytes > 0) truncateSync(last.path, tail.end);
    if (tail.end === 0) {
      rmSync(last.path, { force: true });
      segments.pop();
    }
  }
  for (const [index, segment] of segments.entries()) {
    segment.sealed = true;
    segment.lastSeq = (segments[index + 1]?.firstSeq ?? lastSeq + 1) - 1;
  }

  const firstSeq = segments[0]?.firstSeq ?? Infinity;
  const settled = new Map<number, Totals>();
  const journal = readJournal(folder);
  let waiting = subtractTotals(written, segments[0]?.before ?? written);
  for (const { seq, items } of journal.entries) {
    // A power failure can take a record and leave the note that it is done with.
    if (seq < firstSeq || seq > lastSeq || settled.has(seq)) continue;
    settled.set(seq, items);
    waiting = subtractTotals(waiting, items);
  }
  const nextSeq = Math.max(lastSeq, journal.lastSeq) + 1;
  return { segments, quarantined, nextSeq, written, waiting, settled, tornBytes };
}

/** Payloads are left to the reader: here only headers are followed, and searched for where one is damaged. */
function findTail(segment: Segment): { readonly end: number; readonly lastSeq: number; readonly written: Totals } {
  const bytes = readFileSync(segment.path);
  let end = 0;
  let lastSeq = segment.firstSeq - 1;
  let written = segment.before;
  for (let offset = 0; offset < bytes.length;) {
    const header = parseHeader(bytes, offset, segment.salt);
    const next = offset + headerBytes + (header?.payloadBytes ?? 0);
    if (header !== undefined && next <= bytes.length && header.seq > lastSeq) {
      end = offset = next;
      lastSeq = header.seq;
      written = addTotals(header.before, totalsOf(header.signal, header.items));
      continue;
    }
    const found = bytes.indexOf(magic, offset + 1);
    offset = found < 0 ? bytes.length : found;
  }
  return { end, lastSeq, written };
}

function sizeOf(folder: string, name: string): number {
  return statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
}
