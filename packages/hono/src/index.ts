/** The public surface. */
export type { BoundaryVariables } from "./hono.ts";
export { boundary } from "./hono.ts";
export { allowTraceHeaders } from "./allow-trace-headers.ts";
