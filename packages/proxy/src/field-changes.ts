/** Fields that a route sets in, or takes out of, requests and answers: its options, checked, as edits. */
import type { Edits } from "@tracemend/context";
import { NO_EDITS } from "@tracemend/context";
import { wrong } from "./check.ts";

export interface FieldChanges {
  /** Name → value, in place of every line of that name. */
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

/** What says where a message goes and ends, or is the boundary's to decide. */
const RESERVED = new Set(
  (
    "host connection content-length transfer-encoding te trailer upgrade expect keep-alive proxy-connection " +
    "traceparent tracestate"
  ).split(" "),
);

/** Throws a `TypeError` that names the option and the value. */
export function completeFields({ set = {}, remove = [] }: FieldChanges = {}, option: string): Edits {
  const edits = [
    ...Object.entries(set).map(([name, value]) => ({ name: name.toLowerCase(), value })),
    ...remove.map((name) => ({ name: name.toLowerCase(), value: null })),
  ];
  const seen = new Set<string>();
  for (const { name, value } of edits) {
    if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)) throw wrong(option, name, "names of header fields");
    if (RESERVED.has(name)) throw wrong(option, name, "fields that neither frame the message nor carry its trace");
    if (seen.has(name)) throw wrong(option, name, "fields of which each is named once");
    if (value !== null && !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw wrong(`${option}.${name}`, value, "text without line breaks");
    seen.add(name);
  }
  return edits.length === 0 ? NO_EDITS : edits;
}
