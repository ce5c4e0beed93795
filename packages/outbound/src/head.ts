/** The head of a call that is about to leave: the narrow waist between the clients and the decision. */
import type { Edits, Policy } from "@tracemend/context";
import { FORMATS } from "@tracemend/context";

/** Field names are lower case. */
export interface Head {
  /** Every value of the field, in wire order. */
  values(name: string): readonly string[];
  /** Leaves exactly one line of the field. */
  set(name: string, value: string): void;
  remove(name: string): void;
  /** Whether the head is already written and can only be read. */
  readonly sealed: boolean;
  /** `written` is told of each `traceparent` that others write from now on, before it is there; absent where it cannot be. */
  readonly watch?: (written: (traceparent: string) => void) => void;
  /** Trace fields that others are yet to add do not leave; absent where nobody can add any. */
  readonly refuse?: () => void;
}

const FIELDS: readonly string[] = [
  "traceparent",
  "tracestate",
  "baggage",
  ...new Set([...FORMATS.values()].flatMap((format) => format.fields)),
];

/** Every field of a trace, in any format, that may leave under this policy, lower case. */
export function traceFields({ carrier }: Policy): readonly string[] {
  return carrier === undefined ? FIELDS : [...FIELDS, carrier.field];
}

export function applyToHead(head: Head, edits: Edits): void {
  for (const { name, value } of edits) {
    if (value === null) head.remove(name);
    else head.set(name, value);
  }
}

/** What `applyToHead` wrote beside a `traceparent` goes, where it still stands as it was written. */
export function withdrawFromHead(head: Head, edits: Edits): void {
  for (const { name, value } of edits) {
    if (name === "traceparent" || value === null) continue;
    const values = head.values(name);
    if (values.length === 1 && values[0] === value) head.remove(name);
  }
}
