/** Where in the service's own code a call was made. */
import { fileURLToPath } from "node:url";

/** `fetch` alone is some thirty frames of the runtime away from whoever called it. */
const DEPTH = 60;
const OWN = import.meta.dirname;
const FOREIGN = ["node_modules", "node:"];

/** `file:line:column` of the nearest frame outside of the runtime, of dependencies and of this package. */
export function findLocation(): string | undefined {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = DEPTH;
  const { stack = "" } = new Error("location");
  Error.stackTraceLimit = before;
  for (const line of stack.split("\n")) {
    const place = placeIn(line);
    if (place !== undefined && !FOREIGN.some((part) => place.includes(part)) && !place.startsWith(OWN)) return place;
  }
  return undefined;
}

/** `    at outer (file:///srv/app.ts:7:71)` and `    at async /srv/app.js:7:2`. */
function placeIn(line: string): string | undefined {
  const frame = line.trim();
  if (!frame.startsWith("at ")) return undefined;
  const open = frame.lastIndexOf("(");
  const place = open < 0 ? frame.slice(3).replace(/^async /, "") : frame.slice(open + 1, -1);
  if (!place.includes(":")) return undefined;
  if (!place.startsWith("file:")) return place.includes("/") || place.startsWith("node:") ? place : undefined;
  const column = place.lastIndexOf(":");
  const row = place.lastIndexOf(":", column - 1);
  return fileURLToPath(place.slice(0, row)) + place.slice(row);
}
