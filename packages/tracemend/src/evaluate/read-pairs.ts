/** Requests with the span that answered each, one pair a line, in microseconds since 1970: all that times tell. */
import type { FoundSpan } from "./recording.ts";

export const PAIRS_HEADER = "req_start_us,req_end_us,orphan_start_us,orphan_end_us";

/** `id` tells the pair from the others of its file. Throws an `Error` that says what is wrong. */
export function readPairLine(line: string, id: string): readonly FoundSpan[] {
  const cells = line.split(",");
  if (cells.length !== 4 || !cells.every((cell) => /^\d{13,}$/.test(cell)))
    throw new Error("a pair has four times, in microseconds since 1970");
  const [startMs = 0, endMs = 0, spanStartMs = 0, spanEndMs = 0] = cells.map((cell) => Number(cell) / 1_000);
  const caller = { service: "caller", instance: "caller-1", kind: "client", name: "call" } as const;
  const callee = { service: "callee", instance: "callee-1", kind: "server", name: "call" } as const;
  return [
    { traceId: id, spanId: "request", parentId: "", ...caller, startMs, endMs },
    { traceId: id, spanId: "span", parentId: "request", ...callee, startMs: spanStartMs, endMs: spanEndMs },
  ];
}
