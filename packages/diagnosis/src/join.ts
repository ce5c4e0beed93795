/** Finds what a missing child left elsewhere, by exact joins only: ids, links, request ids, our own connection. */
import type { Books } from "./books.ts";
import {
  ANSWERED_ELSEWHERE,
  BARE,
  DESCENDANTS,
  LINKED,
  SAME_REQUEST,
  SAME_REQUEST_OTHER_PEER,
  REWRITTEN,
  TRUNCATED,
} from "./cause.ts";
import { CONTINUED_BIT } from "./crossing-store.ts";
import type { Edge } from "./edge.ts";
import { mayAnswerFor } from "./edge.ts";
import { KEY_WORDS, TRACE_WORDS, readTraceId, sameWords } from "./id-words.ts";
import { insideTrace } from "./inside-trace.ts";
import { inOrderOnConnection } from "./in-order.ts";
import { aloneOnConnection, mayHaveRoot, nearOnConnection } from "./on-connection.ts";
import { portsTellAtOnce } from "./told.ts";
import type { TraceIdForm } from "./trace-id-form.ts";
import { eachHiddenForm, formOf } from "./trace-id-form.ts";

export interface Join {
  readonly cause: number;
  /** The record of the orphan it was joined with; 0 where the cause needs none. */
  readonly orphan: number;
  /** The record of the span that entered the trace below another parent, or with half its id; 0 for none. */
  readonly span: number;
  readonly confidence: number;
  /** What became of the trace id, where it came in another form. */
  readonly form?: TraceIdForm;
}

const NOTHING: Join = { cause: BARE, orphan: 0, span: 0, confidence: 0 };

/** The key of the request at hand, and one to look others up by. */
const key = new Uint32Array(KEY_WORDS);
const other = new Uint32Array(KEY_WORDS);
const request = new Uint32Array(2);

/** The first join that holds, the surest first; it is refused where more than one pair would fit. */
export function findJoin(books: Books, record: number, edge: Edge): Join {
  books.crossings.readKey(record, key);
  return (
    namedRoot(books, record) ??
    otherForm(books) ??
    linkedRoot(books, record) ??
    sameRequest(books, record, edge) ??
    namedTrace(books, record) ??
    continued(books, record) ??
    insideTrace(books, record, edge) ??
    aloneOnConnection(books, record, edge) ??
    inOrderOnConnection(books, record, edge) ??
    nearOnConnection(books, record, edge) ??
    NOTHING
  );
}

/**
 * The first join that nothing that is still to come can put in doubt: by what is there, not by what is missing. `only`: the
 * orphan of which it is known that no request but this may have sent it over its connection; 0 for none.
 */
export function findExactJoin(books: Books, record: number, edge: Edge, only = 0): Join | undefined {
  books.crossings.readKey(record, key);
  return (
    namedRoot(books, record) ??
    otherForm(books, only) ??
    linkedRoot(books, record) ??
    sameRequest(books, record, edge) ??
    (portsTellAtOnce(edge) ? aloneOnConnection(books, record, edge, only) : undefined)
  );
}

/** The root of the trace that the answer named; a link in it says more than the answer does. */
function namedRoot({ answers, orphans }: Books, record: number): Join | undefined {
  const traceId = answers.traceOf(record);
  if (traceId === undefined || !readTraceId(traceId, other)) return undefined;
  const orphan = orphans.findTrace(other);
  if (orphan === 0 || orphans.readLink(orphan, other)) return undefined;
  return { cause: ANSWERED_ELSEWHERE, orphan, span: 0, confidence: 1 };
}

/** A service further behind may have named it: only once the service's own span is surely missing. */
function namedTrace({ answers }: Books, record: number): Join | undefined {
  if (answers.traceOf(record) === undefined) return undefined;
  return { cause: ANSWERED_ELSEWHERE, orphan: 0, span: 0, confidence: 0.95 };
}

/**
 * The request's child or root under a trace id made of the one that was forwarded: no two ids share 64 bits by chance.
 * `only`: the root that is looked at, in place of all with the lower half.
 */
function otherForm({ spans, orphans, crossings }: Books, only = 0): Join | undefined {
  const span = spans.findForeignChild(key);
  if (span !== 0) {
    spans.readKey(span, other);
    const form = formOf(key, other);
    // A span id alone is not drawn anew by everyone: with nothing left of the trace id it must be known to nobody else.
    if (form !== undefined && (form !== "other" || crossings.findSpan(other) === 0)) return formJoin(form, 0, span);
  }
  const close = only === 0 ? orphans.findLowerHalf(key) : only;
  if (close !== 0) {
    orphans.readKey(close, other);
    const form = formOf(key, other);
    if (form === "lower-half" || form === "xray") return formJoin(form, close, 0);
  }
  if (!orphans.hasShortTrace()) return undefined;
  let hidden = 0;
  eachHiddenForm(key, (came) => (hidden = orphans.findTrace(came)) !== 0);
  if (hidden === 0) return undefined;
  orphans.readKey(hidden, other);
  return formJoin(formOf(key, other) ?? "other", hidden, 0);
}

function formJoin(form: TraceIdForm, orphan: number, span: number): Join {
  return { cause: form === "lower-half" ? TRUNCATED : REWRITTEN, orphan, span, confidence: 1, form };
}

/** The service said in its answer that it is in the trace: whatever is missing was lost on the way to us. */
function continued({ crossings }: Books, record: number): Join | undefined {
  const bits = crossings.bits(crossings.ring.slot(record));
  return (bits & CONTINUED_BIT) === 0 ? undefined : { cause: DESCENDANTS, orphan: 0, span: 0, confidence: 1 };
}

/** A service that restarts on purpose links back to what it was sent. */
function linkedRoot({ crossings, orphans }: Books, record: number): Join | undefined {
  let orphan = orphans.findLink(key);
  if (orphan === 0) {
    crossings.readKey(record, other);
    crossings.readInbound(record, other, 4);
    orphan = orphans.findLink(other);
  }
  return orphan === 0 ? undefined : { cause: LINKED, orphan, span: 0, confidence: 1 };
}

/** Retries repeat a request id: the pair must be the only one on both sides. */
function sameRequest(books: Books, record: number, edge: Edge): Join | undefined {
  const { crossings, orphans } = books;
  if (!crossings.readRequest(record, request, 0)) return undefined;
  let found = 0;
  for (let orphan = orphans.findRequest(request, 0); orphan !== 0;) {
    const service = orphans.service(orphans.ring.slot(orphan));
    orphans.readKey(orphan, other);
    // A root of the very trace that was forwarded is where it began: a service before us, with the same request's id.
    const began = sameWords(other, 0, key, 0, TRACE_WORDS);
    if (!began && mayAnswerFor(edge, service)) {
      if (found !== 0) return undefined;
      found = orphan;
    }
    orphan = orphans.findOlderRequest(request, 0, orphan);
  }
  if (found === 0) return undefined;
  for (let rival = crossings.findRequest(request, 0); rival !== 0;) {
    const slot = crossings.ring.slot(rival);
    if (rival !== record && crossings.edge(slot) === edge.id && mayHaveRoot(books, slot)) return undefined;
    rival = crossings.findOlderRequest(request, 0, rival);
  }
  const ours = crossings.localPort(crossings.ring.slot(record));
  const theirs = orphans.peerPort(orphans.ring.slot(found));
  const elsewhere = ours !== 0 && theirs !== 0 && ours !== theirs;
  return { cause: elsewhere ? SAME_REQUEST_OTHER_PEER : SAME_REQUEST, orphan: found, span: 0, confidence: 0.999 };
}
