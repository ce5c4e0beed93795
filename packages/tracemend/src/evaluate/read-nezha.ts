/** Nezha's CSV: one span a line, times in nanoseconds, no kinds. */
import type { FoundSpan } from "./recording.ts";

export const NEZHA_HEADER = "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration";

/** Throws an `Error` that says what is wrong. */
export function readNezhaLine(line: string): FoundSpan {
  const cells = line.split(",");
  // A comma within an operation name is not quoted there: everything between pod and times is the name.
  const [traceId = "", spanId = "", parentId = "", pod = ""] = cells;
  const [start = "", end = ""] = cells.slice(-3);
  if (cells.length < 8 || traceId === "" || spanId === "" || pod === "") throw new Error("a span has 8 cells");
  if (!/^\d{16,}$/.test(start) || !/^\d{16,}$/.test(end)) throw new Error("the times are nanoseconds since 1970");
  return {
    traceId,
    spanId,
    parentId: parentId === "root" ? "" : parentId,
    service: serviceOfPod(pod),
    instance: pod,
    kind: undefined,
    name: cells.slice(4, -3).join(","),
    startMs: toMs(start),
    endMs: toMs(end),
  };
}

/** `cart-7d9f8b-x2x4z` is a pod of `cart`. */
function serviceOfPod(pod: string): string {
  return pod.replace(/-[a-z0-9]+-[a-z0-9]{5}$/, "");
}

function toMs(nanos: string): number {
  return Number(BigInt(nanos) / 1000n) / 1000;
}
