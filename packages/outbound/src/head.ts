/** The head of a call that is about to leave: the narrow waist between the clients and the decision. */
import type { Edits } from "@tracemend/context";

/** Field names are lower case. */
export interface Head {
  /** Every value of the field, in wire order. */
  values(name: string): readonly string[];
  /** Leaves exactly one line of the field. */
  set(name: string, value: string): void;
  remove(name: string): void;
  /** Whether the head is already written and can only be read. */
  readonly sealed: boolean;
}

/** The fields of a trace, without those a boundary's policy adds. */
export const TRACE_FIELDS: readonly string[] = ["traceparent", "tracestate", "baggage"];

export function applyToHead(head: Head, edits: Edits): void {
  for (const { name, value } of edits) {
    if (value === null) head.remove(name);
    else head.set(name, value);
  }
}
