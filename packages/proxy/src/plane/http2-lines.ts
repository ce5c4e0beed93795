/** Between the raw lists of node:http2 and header lines. Pure. */
import type { FieldLines } from "@tracemend/context";
import type { OutgoingHead } from "./plane.ts";
import { KEY_FIELD } from "./websocket.ts";

/** Fields that HTTP/2 spells otherwise or forbids; what else is hop-by-hop was taken out before. RFC 9113, section 8.2.2. */
function isForbidden(name: string): boolean {
  return name === "host" || name === "connection" || name === "transfer-encoding";
}

/** The raw list of a request that leaves, pseudo-fields first. */
export function toRequestList(head: OutgoingHead): string[] {
  const { lines } = head;
  const list = [":scheme", head.scheme, ":authority", head.authority, ":path", head.target];
  if (head.upgrade === undefined) list.unshift(":method", head.method);
  else list.unshift(":method", "CONNECT", ":protocol", head.upgrade);
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = (lines[at] as string).toLowerCase();
    if (isForbidden(name) || (head.upgrade !== undefined && name === KEY_FIELD)) continue;
    list.push(name, lines[at + 1] as string);
  }
  return list;
}

/** Fields as an object, values of one name in their order. */
export type Fields = Record<string, string | number | string[]>;

/** An answer's head or trailers as node:http2 takes them on every Node we run on. */
export function toFields(lines: FieldLines, status?: number): Fields {
  const fields = Object.create(null) as Fields;
  if (status !== undefined) fields[":status"] = status;
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = (lines[at] as string).toLowerCase();
    const value = lines[at + 1] as string;
    const before = fields[name];
    if (before === undefined) {
      if (!isForbidden(name)) fields[name] = value;
    } else if (Array.isArray(before)) before.push(value);
    else fields[name] = [String(before), value];
  }
  return fields;
}

/** Where the ordinary fields of a raw list begin: pseudo-fields come first (RFC 9113, section 8.3). */
export function pseudoEnd(list: FieldLines): number {
  let at = 0;
  while (at + 1 < list.length && (list[at] as string).charCodeAt(0) === 0x3a) at += 2;
  return at;
}

export function withoutPseudo(list: FieldLines): FieldLines {
  return list.slice(pseudoEnd(list));
}
