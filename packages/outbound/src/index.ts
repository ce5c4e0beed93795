/** The public surface. The grpc-js interceptors and the http-proxy-3 hook are entry points of their own. */
export type { Outbound } from "./outbound.ts";
export { createOutbound } from "./outbound.ts";
export type { OutboundOptions } from "./options.ts";
export type { Carried, Handled, Handling } from "./handling.ts";
export type { Outgoing } from "./carry.ts";
export type { Head } from "./head.ts";
export type { Answer, Api, Call, CallAction, CallCounts, CallObserver, CallReason } from "./call.ts";
export type { Targets } from "./targets.ts";
export { defineTargets } from "./targets.ts";
