/** The program's log: one JSON object a line on standard output; never a header, a body or a secret. */
import type { Logger } from "pino";
import { pino } from "pino";
import { standardOutput } from "./output.ts";

export type { Logger } from "pino";

export function createLog(level: "debug" | "info" | "warn" | "error"): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    messageKey: "message",
    // Numbers are pino's own; what reads logs knows the words.
    formatters: { level: (word: string) => ({ level: word }) },
  };
  return pino(options, standardOutput());
}
