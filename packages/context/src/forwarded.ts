/** The address of the client behind proxies that are known, from `X-Forwarded-For`. */
import type { AddressRange } from "./address.ts";
import { isInRange, parseAddress } from "./address.ts";
import type { FieldLines } from "./field-lines.ts";
import { fieldValues, trimBlanks } from "./field-lines.ts";

/** Every proxy appends one entry; a longer way than this is not walked. */
const MAX_ENTRIES = 32;

/**
 * The right-most address that is no trusted proxy's: what stands left of it was written by whoever sent it. Undefined
 * where an entry on the way is no address.
 */
export function clientAddress(
  lines: FieldLines,
  peer: string | undefined,
  trusted: readonly AddressRange[],
): Uint8Array | undefined {
  let address = peer === undefined ? undefined : parseAddress(peer);
  if (address === undefined || !isTrusted(address, trusted)) return address;
  const entries = fieldValues(lines, "x-forwarded-for").join(",").split(",").slice(-MAX_ENTRIES);
  for (const entry of entries.toReversed()) {
    const text = trimBlanks(entry);
    if (text === "" && entries.length === 1) return address;
    address = parseAddress(text);
    if (address === undefined || !isTrusted(address, trusted)) return address;
  }
  return address;
}

function isTrusted(address: Uint8Array, ranges: readonly AddressRange[]): boolean {
  return ranges.some((range) => isInRange(address, range));
}
