/** What formats other than W3C's make of a trace id: the forms under which one that was forwarded may come back. */
import { KEY_WORDS, TRACE_WORDS, formatWords, readTraceId, sameWords } from "./id-words.ts";

/**
 * `lower-half`: 64 bits, as B3, Datadog and Jaeger of old keep them. `upper-half`: the first 16 digits only. `xray`: the
 * first 32 bits are a time, the other 96 are kept. `decimal`: the decimal digits of the lower half taken for hexadecimal.
 * `other`: nothing of the id is left, but the parent is the span that was forwarded.
 */
export type TraceIdForm = "lower-half" | "upper-half" | "xray" | "decimal" | "other";

/** What the id that came was made of; undefined where it is the one that was sent. */
export function formOf(sent: Uint32Array, came: Uint32Array): TraceIdForm | undefined {
  if (sameWords(sent, 0, came, 0, TRACE_WORDS)) return undefined;
  if (came[0] === 0 && came[1] === 0) {
    if (sameWords(sent, 2, came, 2, 2)) return "lower-half";
    if (sameWords(sent, 0, came, 2, 2)) return "upper-half";
  }
  if (sameWords(sent, 1, came, 1, 3)) return "xray";
  return mayBeDecimal(came) && formatWords(came, 0, TRACE_WORDS) === decimalDigits(sent) ? "decimal" : "other";
}

const form = new Uint32Array(KEY_WORDS);

/** Forms that keep none of the lower half, so that only looking for the whole id finds them. */
export function eachHiddenForm(sent: Uint32Array, visit: (came: Uint32Array) => boolean): boolean {
  form.fill(0);
  form[2] = sent[0] as number;
  form[3] = sent[1] as number;
  return visit(form) || (readTraceId(decimalDigits(sent), form) && visit(form));
}

/** 64 bits have 20 decimal digits at most. */
function mayBeDecimal(came: Uint32Array): boolean {
  return came[0] === 0 && (came[1] as number) >>> 16 === 0;
}

function decimalDigits(sent: Uint32Array): string {
  const lower = (BigInt(sent[2] as number) << 32n) | BigInt(sent[3] as number);
  return lower.toString().padStart(2 * 4 * TRACE_WORDS, "0");
}
