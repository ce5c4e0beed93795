/** More than one traceparent line came: a hop added its own and left the other one in. */
import type { Crossing } from "@tracemend/context";
import type { Sign } from "../sign.ts";

const CONFLICTING: Sign = { kind: "duplicate-traceparent", fact: "duplicate-conflicting" };
const IDENTICAL: Sign = { kind: "duplicate-traceparent", fact: "duplicate-identical" };

export function detectDuplicate({ reading }: Crossing): Sign | undefined {
  if (reading.kind === "invalid") {
    return reading.defects[0]?.code === "duplicate-conflicting" ? CONFLICTING : undefined;
  }
  if (reading.kind === "absent") return undefined;
  return reading.notes.some(({ code }) => code === "duplicate-identical") ? IDENTICAL : undefined;
}
