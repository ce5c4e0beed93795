/** A web Request, and a Node server's stand-in for one, with edits. */
import type { Edits } from "@tracemend/context";
import { applyToHeaders } from "./field-lines.ts";

/**
 * A new Request with the edits and the body, which streams on through it. A body that someone has read before cannot be
 * passed on: then the new Request has none, and Hono's `c.req.json()` and the like answer from what they have cached.
 */
export function editedRequest(request: Request, edits: Edits): Request {
  const headers = new Headers(request.headers);
  applyToHeaders(headers, edits);
  const edited = remade(request, headers);
  // What others have put on it, such as a router's parameters.
  for (const [name, value] of Object.entries(request)) if (!(name in edited)) Reflect.set(edited, name, value);
  return edited;
}

function remade(request: Request, headers: Headers): Request {
  if (!request.bodyUsed && request.body?.locked !== true) return new Request(request, { headers });
  const { method, redirect, signal } = request;
  return new Request(request.url, { method, headers, redirect, signal });
}

/**
 * Makes a stand-in's Headers agree with the message, which is edited already. Those of `@hono/node-server` that nobody
 * has asked for yet will be made out of the message; to fill them for nothing would cost several times the judgement.
 */
export function applyToStandIn(request: Request, edits: Edits): void {
  const prototype = Object.getPrototypeOf(request) as object;
  const key = LATE.get(prototype);
  if (key !== undefined && (request as Kept)[key] === undefined) return;
  const made = Object.getOwnPropertySymbols(request).some((symbol) => Reflect.get(request, symbol) instanceof Headers);
  const { headers } = request;
  if (made || !edits.every(({ name, value }) => headers.get(name) === value)) {
    applyToHeaders(headers, edits);
    return;
  }
  const kept = Object.getOwnPropertySymbols(request).find((symbol) => Reflect.get(request, symbol) === headers);
  if (kept !== undefined) LATE.set(prototype, kept);
}

type Kept = Request & Readonly<Record<symbol, unknown>>;

/** Where stand-ins keep their Headers, by the prototype of those that were found to make them out of the message. */
const LATE = new WeakMap<object, symbol>();
