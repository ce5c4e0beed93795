/** The public surface. */
export type { BoundaryLocals, BoundaryRequest, BoundaryResponse, Listener, Middleware } from "./express.ts";
export { boundary, bounded } from "./express.ts";
export { allowTraceHeaders } from "./allow-trace-headers.ts";
