/** The entry point for reporting crossings. Nothing of Node's is imported here: it runs on fetch runtimes too. */
export type { CrossingExport, ExportCounts } from "./crossings/export.ts";
export { createCrossingExport } from "./crossings/export.ts";
export type { CrossingExportOptions, Environment, ExportClock } from "./crossings/options.ts";
