/** The public surface, grouped by word. */
export type { Proxy } from "./proxy.ts";
export { checkChange, checkForwarding, checkListen, checkRoutes, createProxy } from "./proxy.ts";
export type { ListenOptions, ProxyChange, ProxyOptions, ProxyProtocolOptions, ProxyRules } from "./options.ts";
export type { ForwardingOptions } from "./forwarding.ts";
export type { RootSampling } from "./root-sampling.ts";
export type { FieldChanges } from "./field-changes.ts";
export type { MirrorOptions, MirrorSampling } from "./mirror-options.ts";
export type { DirectAnswer, Rewrite, Route } from "./route-options.ts";
export type { HeaderMatch, RouteMatch } from "./routing.ts";
export type {
  BalanceName,
  EjectionSettings,
  ExchangeTimeouts,
  HealthOptions,
  HealthTimes,
  KubernetesService,
  RetrySettings,
  UpstreamLimits,
  UpstreamOptions,
  UpstreamTimeouts,
  WeightedEndpoint,
} from "./upstream/options.ts";
export { formatEndpoint } from "./upstream/options.ts";
export type { Resolved, ResolvedEndpoint, Resolver, WatchEndpoints } from "./upstream/resolver.ts";
export type { UpstreamState } from "./upstream/service.ts";
export type { Passed, PassedObserver, Try } from "./passed.ts";
export type { RefusalCounts } from "./refusals.ts";
export { isParameterName } from "./shown-query.ts";
export type { SpanGrant, SpanSource } from "./spans.ts";
export type { Clock } from "./clock.ts";
export { systemClock } from "./clock.ts";
export type { Failure, FailureKind } from "./failure.ts";
export type {
  AnswerHead,
  BodyKind,
  Call,
  CallEvents,
  Caller,
  CallerEvents,
  Connections,
  DataPlane,
  EngineSettings,
  Limits,
  ListenTarget,
  ListenTls,
  Listener,
  OutgoingHead,
  ProxyProtocol,
  Refusal,
  RefusalKind,
  RequestHead,
  Timeouts,
  TlsIdentity,
  UpstreamProtocol,
  UpstreamTarget,
  UpstreamTls,
} from "./plane/plane.ts";
export { nodePlane } from "./plane/node-plane.ts";
