/** The public surface, grouped by word. */
export type { Diagnosis } from "./diagnosis.ts";
export { createDiagnosis } from "./diagnosis.ts";
export type { DiagnosisOptions } from "./settings.ts";
export type { Gateway } from "./remedies/gateway.ts";
export { GATEWAYS } from "./remedies/gateway.ts";
export type { Break, BreakEdge, BreakExample, BreakKind, Remedy, RemedySnippet, Traffic } from "./break.ts";
export type { DiagnosisReport, EdgeState, EdgeVerdict, LedgerState, ServiceState } from "./report.ts";
export type { ServiceActivity } from "./service.ts";
export type { Dimension, FacetValue, Scope } from "./facets.ts";
export type { Suspect } from "./suspects.ts";
export type { InstrumentationRule, RuleImpact, RuleState } from "./instrumentation.ts";
export type { Pair, PairedBy } from "./paired.ts";
export type { RepairDecision, RepairFacts, RepairScope, SpanRef } from "./repair.ts";
export { decideRepair } from "./repair.ts";
export { BREAK_EVENT, breakLogs, breakMetrics } from "./break-records.ts";
export { encodeCrossings } from "./crossing-records.ts";
export type { ReadCrossings } from "./read-crossing.ts";
export { decodeCrossing, decodeCrossings } from "./read-crossing.ts";
