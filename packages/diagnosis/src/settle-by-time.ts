/** Compares requests with orphans by their times, so many in a second: what no exact join explained. */
import { associate } from "./associate.ts";
import type { Books } from "./books.ts";
import { isUnexplained } from "./books.ts";
import { SAME_TIME } from "./cause.ts";
import { SECOND_MS } from "./ring.ts";
import { explainAgain } from "./settle.ts";

/**
 * Requests with nothing but their times that are compared in a second, all edges together, and so many at once at most:
 * comparing costs more than all else that is done for a request, and what else the process does waits meanwhile.
 */
const COMPARED_PER_SECOND = 512;
/** So many may wait for it; of more the latest are left undecided. */
const MOST_WAITING = 2_048;

/**
 * Pairs by their times what no exact join explained; called once the requests of this moment have had the longest wait.
 * Edges share what may be compared, and what small ones leave the others get.
 */
export function settleByTime(books: Books, nowMs: number): void {
  const { comparing, crossings } = books;
  const earned = (COMPARED_PER_SECOND * (nowMs - comparing.atMs)) / SECOND_MS;
  comparing.left = Math.min(COMPARED_PER_SECOND, comparing.left + Math.max(0, earned));
  comparing.atMs = nowMs;
  const edges = books.edges.all().filter(({ undecided }) => undecided.length > 0);
  edges.sort((a, b) => a.undecided.length - b.undecided.length);
  let room = MOST_WAITING;
  for (const [at, edge] of edges.entries()) {
    const { undecided } = edge;
    const sharing = edges.length - at;
    const records = undecided.splice(0, Math.floor(comparing.left / sharing));
    comparing.left -= records.length;
    undecided.length = Math.min(undecided.length, Math.floor(room / sharing));
    room -= undecided.length;
    // While it waited its span may have come, or another request have taken its place.
    const { ring } = crossings;
    const due = records.filter((record) => record >= ring.oldest() && isUnexplained(books, ring.slot(record)));
    if (due.length === 0) continue;
    for (const { record, orphan, confidence } of associate(books, edge, due)) {
      explainAgain(books, record, edge, { cause: SAME_TIME, orphan, span: 0, confidence });
    }
  }
}
