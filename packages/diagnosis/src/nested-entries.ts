/**
 * Requests that left one border and arrived at none, beside requests that came to another one without any context: where
 * the one lies within the other more closely than chance would have it, a hop took everything away that says so.
 */
import { noteSign, OPEN } from "./arrival.ts";
import type { Books } from "./books.ts";
import { countedAtMs, isUnexplained } from "./books.ts";
import type { OffsetSearch } from "./clock-offset.ts";
import { createOffsetSearch, delaysByOffset, tryOffsets } from "./clock-offset.ts";
import { EGRESS_BIT, OWN_PARENT_BIT, UNOBSERVED } from "./crossing-store.ts";
import type { Edge } from "./edge.ts";
import { secondOf } from "./ring.ts";
import type { Sign } from "./sign.ts";
import type { Delays } from "./timing-model.ts";
import { ENOUGH_FOR_OFFSET, leastDelays } from "./timing-model.ts";

const NOTHING_LEFT: Sign = { kind: "stripped-before-us", fact: "nested-in-lost-request" };

/** How far clocks and roundings may put an entry outside the request, beyond what is known of the clocks. */
const SLACK_MS = 1;

/** A request moved by these meets only entries that are not its own. No round numbers: load often comes at a round rate. */
const SHIFTS_MS: readonly number[] = [-6_389, 7_621];

/** Requests that are compared, the newest; edges and borders behind each that are. */
const MOST_HELD = 512;
const MOST_EDGES = 64;
const MOST_BORDERS = 8;

/** Standard deviations by which agreement must exceed chance, at the best of four thresholds; and by how many requests. */
const FAR_BEYOND = 4;
const LEAST_EXCESS = 5;

/** A hop that takes contexts away leaves an entry for each lost request; fewer agree where they are lost for other reasons. */
const LEAST_AGREEMENT = 0.3;
const QUANTILES: readonly number[] = [0.25, 0.5, 0.75, 1];

/** A request that stays open longer than this is not looked into further. */
const MOST_SECONDS = 60;

/** The entry that fills a request best, and by how much it is shorter; 0 and Infinity where none lies within. */
interface Filling {
  readonly entry: number;
  readonly slackMs: number;
}

/** One request that was lost, beside one border. */
interface Lost {
  readonly record: number;
  readonly filling: Filling;
  /** Of the request moved to other times. */
  readonly moved: readonly Filling[];
  told: boolean;
}

/** What one border behind an edge shows. */
interface Beside {
  readonly boundary: string;
  readonly cluster: string;
  readonly lost: Lost[];
  /** How many were compared since it was last looked whether they are surprising. */
  untold: number;
}

interface Seen {
  readonly edge: Edge;
  readonly offset: OffsetSearch;
  readonly borders: Map<string, Beside>;
}

export type NestedEntries = Map<number, Seen>;

/** To be called for each request once it had the longest wait. */
export function compareNested(books: Books, record: number): void {
  const { crossings, edges, nested } = books;
  const slot = crossings.ring.slot(record);
  const bits = crossings.bits(slot);
  if ((bits & EGRESS_BIT) === 0 || (bits & OWN_PARENT_BIT) === 0) return;
  if (crossings.state(slot) !== UNOBSERVED && !isUnexplained(books, slot)) return;
  const edge = edges.at(crossings.edge(slot));
  let seen = nested.get(edge.id);
  if (seen === undefined) {
    if (nested.size >= MOST_EDGES) return;
    seen = { edge, offset: createOffsetSearch(), borders: new Map() };
    nested.set(edge.id, seen);
  }
  const least = delaysOf(books, record, edge, seen.offset);
  openBorders(books, record, edge, least, seen);
  for (const beside of seen.borders.values()) {
    const filling = closest(books, record, beside.boundary, least, 0);
    const moved = SHIFTS_MS.map((shiftMs) => closest(books, record, beside.boundary, least, shiftMs));
    if (beside.lost.length >= MOST_HELD) beside.lost.shift();
    beside.lost.push({ record, filling, moved, told: false });
    beside.untold += 1;
  }
}

function delaysOf(books: Books, record: number, edge: Edge, search: OffsetSearch): Delays {
  if (edge.timing.pairs >= ENOUGH_FOR_OFFSET) return leastDelays(edge.timing);
  tryOffsets(search, (shiftMs, least) => closest(books, record, undefined, least, shiftMs).entry !== 0);
  return delaysByOffset(search);
}

/** The entry at the border, or at any, that lies within the request moved by `shiftMs` and is nearly as long. */
function closest(
  { crossings, edges }: Books,
  record: number,
  boundary: string | undefined,
  least: Delays,
  shiftMs: number,
): Filling {
  const { ring } = crossings;
  const slot = ring.slot(record);
  const own = edges.at(crossings.edge(slot)).boundary;
  const fromMs = crossings.startMs(slot) + shiftMs + least.startMs - SLACK_MS;
  const untilMs = crossings.endMs(slot) + shiftMs - least.endMs + SLACK_MS;
  const last = Math.min(secondOf(untilMs), secondOf(fromMs) + MOST_SECONDS);
  let entry = 0;
  let slackMs = Infinity;
  for (let second = secondOf(fromMs); second <= last; second += 1) {
    let inner = crossings.findEntry(crossings.path(slot), second);
    for (; inner !== 0; inner = crossings.findOlderEntry(crossings.path(slot), second, inner)) {
      const at = ring.slot(inner);
      if (crossings.startMs(at) < fromMs || crossings.endMs(at) > untilMs) continue;
      const border = edges.at(crossings.edge(at)).boundary;
      if (border === own || (boundary !== undefined && border !== boundary)) continue;
      const shorterMs = Math.abs(untilMs - fromMs - (crossings.endMs(at) - crossings.startMs(at)));
      if (shorterMs >= slackMs) continue;
      entry = inner;
      slackMs = shorterMs;
    }
  }
  return { entry, slackMs };
}

function openBorders(books: Books, record: number, edge: Edge, least: Delays, { borders }: Seen): void {
  if (borders.size >= MOST_BORDERS) return;
  const { entry } = closest(books, record, undefined, least, 0);
  if (entry === 0) return;
  const { crossings, edges } = books;
  const { boundary, cluster } = edges.at(crossings.edge(crossings.ring.slot(entry)));
  if (cluster !== "" && boundary !== edge.boundary && !borders.has(boundary)) {
    borders.set(boundary, { boundary, cluster, lost: [], untold: 0 });
  }
}

/** To be called once the requests of this moment have been compared. */
export function tellNested(books: Books): void {
  for (const { edge, borders } of books.nested.values()) {
    for (const beside of borders.values()) {
      if (beside.untold > 0) tell(books, edge, beside);
      beside.untold = 0;
    }
  }
}

/** Tells the pairs that were not told yet, where more requests have an entry so close than chance allows. */
function tell(books: Books, edge: Edge, { boundary, cluster, lost }: Beside): void {
  const filled = bestByEntry(lost.map(({ filling }) => filling));
  const withinMs = surprisingMs(filled, lost);
  if (withinMs === undefined) return;
  const { arrivals, crossings, settings } = books;
  const arrival = arrivals.openFrom(boundary, cluster, edge.cluster);
  if (arrival === undefined) return;
  const best = new Set(filled);
  const told = new Set(lost.filter((one) => one.told).map(({ filling }) => filling.entry));
  for (const one of lost) {
    const { entry, slackMs } = one.filling;
    if (told.has(entry) || slackMs > withinMs || !best.has(one.filling)) continue;
    one.told = true;
    if (one.record < crossings.ring.oldest() || entry < crossings.ring.oldest()) continue;
    const atMs = countedAtMs(books, crossings.ring.slot(one.record));
    const traceId = crossings.traceId(one.record);
    const example = { traceId, otherTraceId: crossings.traceId(entry), atMs };
    noteSign(arrival, { sign: NOTHING_LEFT, outcome: OPEN, atMs, example: () => example }, settings.windowMs);
  }
}

/** An entry is of one request at most: of several that it lies within, it counts for the one that it fills best. */
function bestByEntry(fillings: readonly Filling[]): readonly Filling[] {
  const best = new Map<number, Filling>();
  for (const filling of fillings) {
    if (filling.entry !== 0 && filling.slackMs < (best.get(filling.entry)?.slackMs ?? Infinity))
      best.set(filling.entry, filling);
  }
  return [...best.values()];
}

/** How close entries fill lost requests that do so beyond chance; undefined where they do not. `filled`: by each entry once. */
function surprisingMs(filled: readonly Filling[], lost: readonly Lost[]): number | undefined {
  const slacks = filled.map(({ slackMs }) => slackMs);
  if (slacks.length < LEAST_EXCESS) return undefined;
  slacks.sort((a, b) => a - b);
  const byShift = SHIFTS_MS.map((_, shift) => bestByEntry(lost.map(({ moved }) => moved[shift] as Filling)));
  let found: number | undefined;
  for (const quantile of QUANTILES) {
    const count = Math.ceil(slacks.length * quantile);
    const withinMs = slacks[count - 1] as number;
    const elsewhere = byShift.reduce((sum, each) => sum + each.filter(({ slackMs }) => slackMs <= withinMs).length, 0);
    const byChance = elsewhere / byShift.length;
    const excess = count - byChance;
    if (
      excess >= Math.max(LEAST_EXCESS, LEAST_AGREEMENT * lost.length) &&
      excess > FAR_BEYOND * Math.sqrt(2 * byChance + 1)
    )
      found = withinMs;
  }
  return found;
}
