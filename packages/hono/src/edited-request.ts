/** A web Request whose header fields are immutable, with edits. */
import type { Edits } from "@tracemend/context";
import { applyToHeaders } from "./field-lines.ts";

/**
 * A new Request with the edits and the body, which streams on through it. A body that someone has read before cannot be
 * passed on: then the new Request has none, and Hono's `c.req.json()` and the like answer from what they have cached.
 */
export function editedRequest(request: Request, edits: Edits): Request {
  const headers = new Headers(request.headers);
  applyToHeaders(headers, edits);
  if (!request.bodyUsed && request.body?.locked !== true) return new Request(request, { headers });
  const { method, redirect, signal } = request;
  return new Request(request.url, { method, headers, redirect, signal });
}
