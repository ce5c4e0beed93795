/** The public surface, grouped by word. */
export type { TraceContext } from "./trace-context.ts";
export { KNOWN_FLAGS, RANDOM, SAMPLED, isSampled } from "./trace-context.ts";
export type { TraceparentReading } from "./parse-traceparent.ts";
export { parseTraceparent } from "./parse-traceparent.ts";
export { formatTraceparent } from "./traceparent.ts";
export type { TraceResponse } from "./traceresponse.ts";
export { formatTraceresponse, parseTraceresponse, readTraceresponse } from "./traceresponse.ts";
export type { TracestateReading } from "./tracestate.ts";
export { combineTracestate } from "./combine-tracestate.ts";
export { dropMember, limitTracestate, memberValue, putMemberFirst, readTracestate } from "./tracestate.ts";
export type { FieldLines } from "./field-lines.ts";
export { fieldValues, findField, isField } from "./field-lines.ts";
export { fieldValue, soleValue } from "./field-value.ts";
export type { Mendable, Reading } from "./reading.ts";
export { read } from "./reading.ts";
export type { Defect, DefectCode } from "./defect.ts";
export { DEFECT_CODES, defectOf } from "./defect.ts";
export type { Boundary, Passage, Side } from "./boundary.ts";
export { cross, defineBoundary } from "./boundary.ts";
export type { Arrival } from "./arrival.ts";
export type { Aside, Carrier, Policy, Repair, RepairName, Repairs, Ruling, Trust } from "./policy.ts";
export { PRESERVE } from "./policy.ts";
export type { FlagProfile, PolicyOptions, UpstreamOptions } from "./define-policy.ts";
export type { TrustOptions, TrustRuleOptions } from "./define-trust.ts";
export type { ForeignOptions } from "./define-foreign.ts";
export type { BaggageOptions } from "./baggage.ts";
export type { Hmac, SigningOptions } from "./signing.ts";
export type { ForeignContext, ForeignReading, Format, FormatName, Outgoing, Sampling } from "./foreign/format.ts";
export type { Foreign, FoundFormat } from "./foreign/extract.ts";
export { FORMATS, FORMAT_NAMES } from "./foreign/formats.ts";
export { definePolicy } from "./define-policy.ts";
export type { Action, Reason, Verdict } from "./verdict.ts";
export type { OwnSpans } from "./judge.ts";
export { judge, rulingOf } from "./judge.ts";
export type { Edit, Edits } from "./edits.ts";
export { NO_EDITS, applyEdits } from "./edits.ts";
export type { Crossing, CrossingFailure, Observer, Peer, Upstream, WaitUntil } from "./crossing.ts";
export { requestIdOf, tellAll } from "./crossing.ts";
export type { CrossingRecord } from "./crossing-record.ts";
export { CROSSING_EVENT, CROSSING_PREFIX, recordOfCrossing } from "./crossing-record.ts";
export type { OwnMember } from "./own-member.ts";
export { OWN_KEY, formatOwnMember, parseOwnMember } from "./own-member.ts";
export { hashTraceId } from "./trace-id-hash.ts";
export { OUTSIDE_KEY } from "./outside.ts";
export type { Carried } from "./carrier.ts";
export { CARRIER_FIELD, formatCarrier, parseCarrier } from "./carrier.ts";
export type { Ids, RandomBytes } from "./ids.ts";
export { createIds } from "./ids.ts";
export { readAltNames } from "./alt-names.ts";
export type { NodeMessage, NodeSocket } from "./node-message.ts";
export { applyToMessage, arrivalOfMessage, linesOfMessage } from "./node-message.ts";
export type {
  AnswerField,
  Served,
  ServiceBoundary,
  ServiceBoundaryOptions,
  ServicePassage,
} from "./service-boundary.ts";
export type { ServingSpan } from "./service-boundary.ts";
export { defineServiceBoundary } from "./service-boundary.ts";
export { TRACE_REQUEST_FIELDS, allowTraceFields, exposeTraceresponse } from "./cors.ts";
