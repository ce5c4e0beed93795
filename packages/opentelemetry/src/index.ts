/** The public surface. */
export type { PropagatorOptions } from "./propagator.ts";
export { createPropagator } from "./propagator.ts";
export type { KnownPropagators } from "./propagators.ts";
export { createPropagatorFrom } from "./propagators.ts";
export { arrivedIn } from "./arrived.ts";
export { activeContext } from "./span-context.ts";
export type { ComparedSpan, Continuation } from "./compare.ts";
export { compareSpan } from "./compare.ts";
export type { Finding, RestartCheck, RestartCheckOptions, StartedSpan } from "./restart-check.ts";
export { createRestartCheck } from "./restart-check.ts";
