/** What the next hop is told of this one: `X-Forwarded-*`, `Forwarded` and `Via`; and whether a request goes in circles. */
import { isIP } from "node:net";
import type { Edit, Edits, FieldLines } from "@tracemend/context";
import { fieldValues } from "@tracemend/context";
import { completeRanges } from "./address-ranges.ts";
import { wrong } from "./check.ts";

export interface ForwardingOptions {
  /** Writes `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`. */
  readonly xForwarded?: boolean;
  /** Writes `Forwarded`. */
  readonly forwarded?: boolean;
  /** Addresses and CIDR ranges of peers whose entries stay, ours behind them. What any other peer wrote is replaced. */
  readonly trusted?: readonly string[];
  /** Our name in `Via`. A request that bears it already is answered with 508: it went in a circle. */
  readonly via?: string;
}

/** Options, checked; `trusts` looks an address up. */
export interface Forwarding {
  readonly xForwarded: boolean;
  readonly forwarded: boolean;
  readonly via: string | undefined;
  readonly trusts: (address: string) => boolean;
}

/** What is known of the hop that a request came over. */
export interface Hop {
  readonly address: string | undefined;
  readonly scheme: "http" | "https";
  readonly authority: string;
  /** `1.0`, `1.1` or `2`. */
  readonly version: string;
}

/** Throws a `TypeError` that names the option and the value. */
export function completeForwarding(options: ForwardingOptions): Forwarding {
  const { xForwarded = false, forwarded = false, trusted = [], via } = options;
  if (via !== undefined && !isToken(via)) throw wrong("forwarding.via", via, "a name of letters, digits and -._");
  return { xForwarded, forwarded, via, trusts: completeRanges(trusted, "forwarding.trusted") };
}

function isToken(text: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(text);
}

/** `lines`: as they came. Source: RFC 7239, section 4; RFC 9110, section 7.6.3. */
export function forwardingEdits(forwarding: Forwarding, lines: FieldLines, hop: Hop): Edits {
  const edits: Edit[] = [];
  const address = plainAddress(hop.address);
  const trusted = address !== undefined && forwarding.trusts(address);
  const before = (name: string): string => (trusted ? joined(lines, name) : "");
  if (forwarding.xForwarded) {
    edits.push({ name: "x-forwarded-for", value: append(before("x-forwarded-for"), address ?? "unknown") });
    edits.push({ name: "x-forwarded-proto", value: before("x-forwarded-proto") || hop.scheme });
    edits.push({ name: "x-forwarded-host", value: before("x-forwarded-host") || hop.authority });
  }
  if (forwarding.forwarded) {
    const element = `for=${nodeName(address)};host=${quoted(hop.authority)};proto=${hop.scheme}`;
    edits.push({ name: "forwarded", value: append(before("forwarded"), element) });
  }
  if (forwarding.via !== undefined)
    edits.push({ name: "via", value: append(joined(lines, "via"), `${hop.version} ${forwarding.via}`) });
  return edits;
}

/** Whether a request has been through a proxy of this name. */
export function isLoop(lines: FieldLines, via: string): boolean {
  return fieldValues(lines, "via").some((value) => value.split(",").some((entry) => receivedBy(entry) === via));
}

/** `1.1 name (comment)` → `name`. */
function receivedBy(entry: string): string | undefined {
  return entry.trim().split(" ", 2)[1];
}

/** A dual-stack listener writes IPv4 peers as IPv6 addresses. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.startsWith("::ffff:") === true && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

function joined(lines: FieldLines, name: string): string {
  return fieldValues(lines, name)
    .filter((value) => value.trim() !== "")
    .join(", ");
}

function append(list: string, entry: string): string {
  return list === "" ? entry : `${list}, ${entry}`;
}

/** RFC 7239, section 6: an IPv6 address stands in brackets and quotes. */
function nodeName(address: string | undefined): string {
  if (address === undefined) return "unknown";
  return isIP(address) === 6 ? `"[${address}]"` : address;
}

/** An authority has no quote and no backslash; a port makes it no token. */
function quoted(authority: string): string {
  return isToken(authority) ? authority : `"${authority}"`;
}
