/** Crossings as log records in OTLP: what lets a central tier join the evidence of many borders. */
import type { Crossing } from "@tracemend/context";
import { recordOfCrossing } from "@tracemend/context";
import type { Attributes, Batch } from "@tracemend/otlp";
import { encodeLogs } from "@tracemend/otlp";

const SCOPE = { name: "@tracemend/diagnosis", version: "1" };

/** One record for each crossing. */
export function encodeCrossings(resource: Attributes, crossings: readonly Crossing[]): Batch {
  const records = crossings.map((crossing) => {
    const { attributes, ...record } = recordOfCrossing(crossing);
    return { ...record, attributes: Object.fromEntries(attributes) };
  });
  return encodeLogs(resource, SCOPE, records);
}
