/** The public surface, grouped by word. */
export type { Proxy } from "./proxy.ts";
export { createProxy } from "./proxy.ts";
export type { ProxyOptions, Route, UpstreamOptions } from "./options.ts";
export type { RefusalCounts } from "./refusals.ts";
export type { RouteMatch } from "./routing.ts";
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
  Listener,
  OutgoingHead,
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
