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
  if (method === "CONNECT") return authorityForm(head);
  const host = oneHost(head.lines, version);
  if (typeof host !== "string") return host;
  const first = target.charCodeAt(0);
  const doubt = doubtIn(target);
  if (doubt !== undefined) return violation(doubt);
  if (first === SLASH) {
    return withAuthority(head.authority ?? host, host, target);
  }
  if (target === "*") {
    if (method !== "OPTIONS") return violation("target * without OPTIONS");
    return withAuthority(head.authority ?? host, host, target);
  }
  return version === "2" ? violation("a :path that is no path") : absoluteForm(target);
}

const SLASH = 0x2f;
const HASH = 0x23;

function violation(text: string): Destination {
  return { kind: "violation", text };
}

/** What engines let through: a fragment, and what would end the request line early. */
function doubtIn(target: string): string | undefined {
  for (let at = 0; at < target.length; at += 1) {
    const code = target.charCodeAt(at);
    if (code === HASH) return "a fragment in the target";
    if (code <= 0x20 || code === 0x7f) return "a blank or control character in the target";
  }
  return undefined;
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
  if (host !== "" && host !== authority && host.toLowerCase() !== authority.toLowerCase())
    return violation("a Host that differs from :authority");
  return isAuthority(authority) ? { kind: "ok", authority, target } : violation("an authority that is none");
}

/** RFC 9112, section 3.2.2: the target's authority stands, whatever `Host` says. */
function absoluteForm(target: string): Destination {
  const lower = target.slice(0, 8).toLowerCase();
  const start = lower.startsWith("http://") ? 7 : lower === "https://" ? 8 : -1;
  if (start < 0) return violation("a target that is neither path nor URL");
  let end = start;
  while (end < target.length && target.charCodeAt(end) !== SLASH && target.charAt(end) !== "?") end += 1;
  const authority = target.slice(start, end);
  const path = target.slice(end);
  const rest = path.startsWith("/") ? path : `/${path}`;
  return withAuthority(authority, authority, rest);
}

/**
 * RFC 9112, section 3.2.3: the target says where a tunnel goes, whatever `Host` says (Node's client writes the proxy's).
 * Over HTTP/2 `:authority` is the target; extended CONNECT has a path beside it (RFC 8441, section 4).
 */
function authorityForm({ version, target, lines, upgrade }: RequestHead): Destination {
  if (version === "2" && target.charCodeAt(0) === SLASH)
    return { kind: "not-implemented", text: "this protocol is not offered" };
  const host = oneHost(lines, version);
  if (typeof host !== "string") return host;
  if (upgrade === undefined) return violation("a CONNECT with a body");
  const destination = withAuthority(target, version === "2" ? host : target, "");
  return destination.kind !== "ok" || namesPort(target) ? destination : violation("a CONNECT without a port");
}

/** From 1, and without zeros before it: nobody connects to port 0. */
function namesPort(authority: string): boolean {
  const colon = authority.lastIndexOf(":");
  const first = authority.charCodeAt(colon + 1);
  return colon > authority.lastIndexOf("]") && first > 0x30 && isDigit(first);
}

/**
 * A host name, IPv4 or bracketed IPv6 address with an optional port. No user information: RFC 9110, section 4.2.4 wants
 * it treated as an error, since `good.example@evil.example` names the second. No escapes: readers differ on when to undo
 * them.
 */
function isAuthority(text: string): boolean {
  const bracketed = text.startsWith("[");
  let at = bracketed ? 1 : 0;
  while (at < text.length && (bracketed ? isAddressCode(text.charCodeAt(at)) : isNameCode(text.charCodeAt(at))))
    at += 1;
  if (!bracketed) return at > 0 && (at === text.length || isPort(text, at));
  // The shortest address is `::`.
  if (at < 3 || text.charAt(at) !== "]" || !text.slice(0, at).includes(":")) return false;
  return at + 1 === text.length || isPort(text, at + 1);
}

/** A colon and a number up to 65535; RFC 3986, section 3.2.3 allows it to be empty. */
function isPort(text: string, colon: number): boolean {
  if (text.charCodeAt(colon) !== COLON || text.length > colon + 6) return false;
  for (let at = colon + 1; at < text.length; at += 1) if (!isDigit(text.charCodeAt(at))) return false;
  return Number(text.slice(colon + 1)) <= 65_535;
}

const COLON = 0x3a;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** RFC 3986, section 3.2.2, without `%` and `,`. */
function isNameCode(code: number): boolean {
  const letter = code | 0x20;
  return isDigit(code) || (letter >= 0x61 && letter <= 0x7a) || "-._~!$&'()*+;=".includes(String.fromCharCode(code));
}

function isAddressCode(code: number): boolean {
  const letter = code | 0x20;
  return isDigit(code) || (letter >= 0x61 && letter <= 0x66) || code === COLON || code === 0x2e;
}
