/** What a behaviour of every subject is, and what many of them send. */
import type { FieldLines, OwnSpans } from "@tracemend/context";
import { fieldValues } from "@tracemend/context";
import type { SubjectRig } from "./subject-rig.ts";
import type { SubjectName } from "./subjects.ts";

export type Exceptions = { readonly [Name in SubjectName]?: string };

export interface SubjectBehaviour {
  readonly name: string;
  /** Subjects that cannot do it, and why. */
  readonly except?: Exceptions;
  run(rig: SubjectRig): Promise<void>;
}

export const NO_SPANS: Exceptions = {
  "http-proxy-3": "a gateway of http-proxy-3 has no spans of its own",
};

export const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
export const PARENT = "00f067aa0ba902b7";
export const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;
/** Another parent of the same trace. */
export const NEWER = `00-${TRACE}-b9c7c989f97918e1-01`;
/** Another trace. */
export const OTHER = `00-${"5".repeat(32)}-${PARENT}-01`;

export const SPANS: OwnSpans = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  serverSpanId: "b7ad6b7169203331",
  clientSpanId: "00f067aa0ba902b8",
};

export const granted = (): OwnSpans => SPANS;

/** Every value of the field by itself, also where a runtime has joined the lines. */
export function membersOf(lines: FieldLines, name: string): readonly string[] {
  return fieldValues(lines, name).flatMap((value) => value.split(",").map((member) => member.trim()));
}
