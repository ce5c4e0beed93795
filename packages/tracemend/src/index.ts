/** The program as a library: for those who start it from their own process. */
export type { Config } from "./config.ts";
export { loadConfig, parseConfig } from "./config.ts";
export { ConfigError } from "./config-file.ts";
export type { Logger } from "./log.ts";
export { createLog } from "./log.ts";
export type { Program } from "./program.ts";
export { createProgram } from "./program.ts";
export { VERSION } from "./version.ts";
