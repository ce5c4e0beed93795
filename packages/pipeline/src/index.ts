/** OTLP batches through stages to destinations. */

export { createPipeline } from "./pipeline.ts";
export type { DestinationState, Pipeline, PipelineCounters, PipelineOptions } from "./pipeline.ts";
export { checkPipeline } from "./check.ts";
export type { Problem } from "./check.ts";
export type { DestinationOptions } from "./destination.ts";
export type { BalanceOptions, ResolverOptions } from "./balance/options.ts";
export type { DnsLookup, DnsOptions } from "./balance/dns.ts";
export type { KubernetesOptions } from "./balance/kubernetes.ts";
export { apiServerOf, watchKubernetes } from "./balance/kubernetes.ts";
export type { ResolverEvents } from "./balance/resolver.ts";
export type { RegionsOptions, ResidencyRule } from "./regions.ts";
export type { FailoverDestinationOptions } from "./regions-options.ts";
export type { SampleOptions } from "./sample/options.ts";
export type { LeafPolicyOptions, PolicyOptions, StatusCodeName, SubPolicyOptions } from "./sample/policy-options.ts";
export type { DecisionCause, SamplingState } from "./sample/tally.ts";
export type { FsyncPolicy, StorageOptions } from "./disk/options.ts";
export type { PipelineEvent } from "./event.ts";
export type { DropReason, LedgerRow } from "./ledger.ts";
export type { Reservation } from "./reservation.ts";

export { isBearerToken } from "./receive/bearer.ts";
export { createGrpcReceiver } from "./receive/grpc.ts";
export { createHttpReceiver } from "./receive/http.ts";
export type { Receiver, ReceiverOptions } from "./receive/receiver.ts";

export { pipeline } from "./stage.ts";
export type { Sink, Stage } from "./stage.ts";
export { accepted, busy, refused } from "./outcome.ts";
export type { Outcome } from "./outcome.ts";
export { systemClock } from "./clock.ts";
export type { Clock, Timer } from "./clock.ts";
export { createHistogram } from "./histogram.ts";
export type { Histogram, OpenHistogram } from "./histogram.ts";
export type { BatchSizes } from "./stages/measure.ts";
export type { FlushTrigger } from "./stages/batch.ts";
export type { FilterRule, SpanKind } from "./stages/filter.ts";
export type { LimitReason, MemoryLimit } from "./stages/limit.ts";
export { redact } from "./stages/redact.ts";
export { defineTextRedaction } from "./stages/redact/policy.ts";
export type { RedactStageOptions } from "./stages/redact.ts";
export type { RedactAction, RedactAttributes, RedactOptions, RedactPattern } from "./stages/redact/policy.ts";
export type { PatternName } from "./stages/redact/patterns.ts";
export type { RouteRule } from "./stages/route.ts";
export type { SpanRepair } from "./stages/rewrite.ts";
export { detectResource, toStampAttributes } from "./detect/detect.ts";
export type { DetectOptions, Detector } from "./detect/detect.ts";
export type { Attributes, Detection, Environment } from "./detect/environment.ts";
