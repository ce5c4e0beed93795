/** The program's log: one JSON object a line on standard output; never a header, a body or a secret. */
import type { Logger } from "pino";
import { pino } from "pino";
import { standardOutput } from "./output.ts";

export type { Logger } from "pino";

export function createLog(level: "debug" | "info" | "warn" | "error"): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: "message" }, standardOutput());
}
