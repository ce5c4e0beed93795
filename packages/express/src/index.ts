/** The public surface. */
export type { BoundaryLocals, BoundaryRequest, BoundaryResponse, Middleware } from "./express.ts";
export { boundary } from "./express.ts";
export { allowTraceHeaders } from "./allow-trace-headers.ts";
