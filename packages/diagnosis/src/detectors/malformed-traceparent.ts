/** Someone before us wrote a traceparent that breaks the grammar, or cut or joined one on the way. */
import type { Crossing, DefectCode } from "@tracemend/context";
import type { Sign } from "../sign.ts";

/** Reading stops at the first defect: it is the one that decided. */
export function detectMalformed({ reading }: Crossing): Sign | undefined {
  if (reading.kind !== "invalid") return undefined;
  const code: DefectCode | undefined = reading.defects[0]?.code;
  if (code === undefined || code === "duplicate-conflicting") return undefined;
  return { kind: "malformed-traceparent", fact: code };
}
