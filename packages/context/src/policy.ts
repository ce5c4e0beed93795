/** What is done with a trace context at a boundary, checked and completed once. */
import { CARRIER_FIELD } from "./carrier.ts";
import { isClusterName } from "./own-member.ts";

/** `report` decides as `on` would and says so, but changes nothing. */
export type Repair = "off" | "report" | "on";

/** Whether the caller's context goes on (`continue`) or a new trace begins here (`restart`). */
export type Trust = "continue" | "restart";

export interface Carrier {
  /** The header field, lower case. One that the gateway in between lets through. */
  readonly field: string;
  /** Read and remove the carrier of a border before us. */
  readonly read: boolean;
  /** Write one for the border behind us. Only toward hops of the same trust domain. */
  readonly send: boolean;
}

export interface Policy {
  readonly trust: Trust;
  /** What happens to a context that was lost or spoilt before us and came along in the extra carrier. */
  readonly repair: Repair;
  readonly carrier: Carrier | undefined;
  /** Whether a request without a context begins a trace here. */
  readonly start: boolean;
}

export interface PolicyOptions {
  readonly trust?: Trust;
  readonly repair?: Repair;
  readonly carrier?: { readonly field?: string; readonly read?: boolean; readonly send?: boolean };
  readonly start?: boolean;
}

/** Completes the options; throws a `TypeError` that names the option and the value. */
export function definePolicy(options: PolicyOptions = {}): Policy {
  const { trust = "continue", repair = "off", start = true, carrier } = options;
  if (trust !== "continue" && trust !== "restart") throw wrong("trust", trust, "continue or restart");
  if (repair !== "off" && repair !== "report" && repair !== "on") throw wrong("repair", repair, "off, report or on");
  return { trust, repair, start, carrier: carrier === undefined ? undefined : defineCarrier(carrier) };
}

function defineCarrier(options: NonNullable<PolicyOptions["carrier"]>): Carrier {
  const field = (options.field ?? CARRIER_FIELD).toLowerCase();
  if (!isToken(field)) throw wrong("carrier.field", field, "a header field name");
  if (RESERVED.has(field))
    throw wrong("carrier.field", field, "a field that is not the context's or the message's own");
  return { field, read: options.read ?? false, send: options.send ?? false };
}

const RESERVED = new Set(
  "traceparent tracestate baggage host connection content-length transfer-encoding te trailer upgrade expect cookie authorization".split(
    " ",
  ),
);

/** Source: RFC 9110, section 5.6.2. */
function isToken(text: string): boolean {
  if (text === "") return false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const alphanumeric = (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
    if (!alphanumeric && !"!#$%&'*+-.^_`|~".includes(text.charAt(at))) return false;
  }
  return true;
}

/** Throws a `TypeError` where the name cannot stand in the own `tracestate` member. */
export function checkClusterName(name: string): void {
  if (!isClusterName(name)) throw wrong("cluster", name, "1 to 16 characters of a-z, 0-9 and -");
}

function wrong(option: string, value: unknown, wanted: string): TypeError {
  return new TypeError(`${option} is ${JSON.stringify(value)}; it must be ${wanted}`);
}
