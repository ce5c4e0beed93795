/** The public surface. */
export type { BoundaryVariables } from "./hono.ts";
export { boundary } from "./hono.ts";
export type { Fetch } from "./bounded.ts";
export { bounded } from "./bounded.ts";
export { passageOf } from "./passage.ts";
export { allowTraceHeaders } from "./allow-trace-headers.ts";
