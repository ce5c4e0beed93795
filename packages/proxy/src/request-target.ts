/** Where a request says it wants to go, from target, `Host` and `:authority`; refused where they leave room for doubt. Pure. */
import type { FieldLines } from "@tracemend/context";
import { findField, isField } from "@tracemend/context";
import type { RequestHead } from "./plane/plane.ts";

export type Destination =
  | { readonly kind: "ok"; readonly authority: string; readonly target: string }
  | { readonly kind: "violation"; readonly text: string }
  | { readonly kind: "not-implemented"; readonly text: string };

/** Source: RFC 9112, section 3.2 and 3.3; RFC 9113, section 8.3.1. */
export function readDestination(head: RequestHead): Destination {
  const { version, method, target } = head;
  if (version !== "1.1" && version !== "1.0" && version !== "2") return violation("an HTTP version we do not speak");
  if (method === "CONNECT") return { kind: "not-implemented", text: "CONNECT is not offered" };
  const host = oneHost(head.lines, version);
  if (typeof host !== "string") return host;
  const first = target.charCodeAt(0);
  if (first === SLASH) {
    if (hasFragment(target)) return violation("a fragment in the target");
    return withAuthority(head.authority ?? host, host, target);
  }
  if (target === "*") {
    if (method !== "OPTIONS") return violation("target * without OPTIONS");
    return withAuthority(head.authority ?? host, host, target);
  }
  return version === "2" ? violation("a :path that is no path") : absoluteForm(target);
}

const SLASH = 0x2f;

function violation(text: string): Destination {
  return { kind: "violation", text };
}

function hasFragment(target: string): boolean {
  return target.includes("#");
}

/** HTTP/1.1 wants exactly one `Host`; HTTP/1.0 may do without, HTTP/2 has `:authority`. */
function oneHost(lines: FieldLines, version: string): string | Destination {
  const at = findField(lines, "host");
  if (at < 0) return version === "1.1" ? violation("no Host field") : "";
  for (let next = at + 2; next + 1 < lines.length; next += 2)
    if (isField(lines[next] as string, "host")) return violation("two Host fields");
  return lines[at + 1] as string;
}

function withAuthority(authority: string, host: string, target: string): Destination {
  if (authority === "") return violation("an empty authority");
  if (host !== "" && host !== authority) return violation("a Host that differs from :authority");
  return isAuthority(authority) ? { kind: "ok", authority, target } : violation("an authority that is none");
}

/** RFC 9112, section 3.2.2: the target's authority stands, whatever `Host` says. */
function absoluteForm(target: string): Destination {
  const lower = target.slice(0, 8).toLowerCase();
  const start = lower.startsWith("http://") ? 7 : lower === "https://" ? 8 : -1;
  if (start < 0) return violation("a target that is neither path nor URL");
  if (hasFragment(target)) return violation("a fragment in the target");
  let end = start;
  while (end < target.length && target.charCodeAt(end) !== SLASH && target.charAt(end) !== "?") end += 1;
  const authority = target.slice(start, end);
  const path = target.slice(end);
  const rest = path.startsWith("/") ? path : `/${path}`;
  return withAuthority(authority, authority, rest);
}

/**
 * A host name, IPv4 or bracketed IPv6 address with an optional port. No user information: RFC 9110, section 4.2.4 wants
 * it treated as an error, since `good.example@evil.example` names the second.
 */
function isAuthority(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const alphanumeric = (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a);
    if (!alphanumeric && !"-._~:[]%!$&'()*+;=".includes(text.charAt(at))) return false;
  }
  return true;
}
