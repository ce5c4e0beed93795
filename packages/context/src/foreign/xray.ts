/** AWS X-Ray. Source: X-Ray developer guide, "Tracing header"; Application Load Balancer, "Request tracing". */
import type { Edit } from "../edits.ts";
import type { FieldLines } from "../field-lines.ts";
import { trimBlanks } from "../field-lines.ts";
import { soleValue } from "../field-value.ts";
import { isId, isLowerHex } from "../hex.ts";
import type { ForeignReading, Outgoing, Sampling } from "./format.ts";
import { MALFORMED, isRecorded, validContext } from "./format.ts";

const FIELD = "x-amzn-trace-id";

export const fields: readonly string[] = [FIELD];

/** A load balancer rewrites a longer one with its root alone. */
const MAX_LENGTH = 7168;

/** `key=value` joined by `;` in any order. `Self`, `Lineage` and whatever else there is goes along as `rest`. */
export function read(lines: FieldLines): ForeignReading | undefined {
  const value = soleValue(lines, FIELD);
  if (value === undefined) return undefined;
  if (value.length > MAX_LENGTH) return MALFORMED;
  let root: string | undefined;
  let parent: string | undefined;
  let sampled: string | undefined;
  const rest: string[] = [];
  for (const part of value.split(";").map(trimBlanks)) {
    if (part.startsWith("Root=")) root ??= part.slice("Root=".length);
    else if (part.startsWith("Parent=")) parent ??= part.slice("Parent=".length);
    else if (part.startsWith("Sampled=")) sampled ??= part.slice("Sampled=".length);
    else if (part !== "") rest.push(part);
  }
  const traceId = root === undefined ? undefined : traceIdOf(root);
  const sampling = samplingOf(sampled);
  if (traceId === undefined || sampling === undefined) return MALFORMED;
  if (parent !== undefined && !isId(parent, 16)) return MALFORMED;
  return validContext(traceId, parent, sampling, rest.join(";"));
}

export function write({ traceId, parentId, sampling, rest }: Outgoing): readonly Edit[] {
  const parts = [`Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)}`, `Parent=${parentId}`];
  if (sampling !== "defer") parts.push(`Sampled=${isRecorded(sampling) ? "1" : "0"}`);
  if (rest !== "") parts.push(rest);
  return [{ name: FIELD, value: parts.join(";") }];
}

/** `1-{8 digits}-{24 digits}`. */
function traceIdOf(root: string): string | undefined {
  if (root.length !== 35 || !root.startsWith("1-") || root.charAt(10) !== "-") return undefined;
  if (!isLowerHex(root, 2, 10)) return undefined;
  const traceId = root.slice(2, 10) + root.slice(11);
  return isId(traceId, 32) ? traceId : undefined;
}

/** `?` asks the callee to decide. */
function samplingOf(sampled: string | undefined): Sampling | undefined {
  if (sampled === undefined || sampled === "?" || sampled === "") return "defer";
  if (sampled === "1") return "accept";
  return sampled === "0" ? "deny" : undefined;
}
