/** Finds IP addresses in text and cuts them to their network: IPv4 to /24, IPv6 to /48. */
import { isIPv6 } from "node:net";

/** Longest text of an address (RFC 4291 §2.2, with an IPv4 address at its end). */
const maxAddressLength = 45;

/** What stands in place of an address is made by `replace`; of a dotted quad inside an IPv6 address only the quad is. */
export function replaceAddresses(text: string, replace: (address: string) => string): string {
  return text.replaceAll(/[0-9A-Fa-f:.]{2,}/g, (run, offset: number) => {
    const isWord = isWordAt(text, offset - 1) || isWordAt(text, offset + run.length);
    const address = isWord || !run.includes(":") ? undefined : findIpv6(run);
    if (address !== undefined && !address.includes(".")) return replace(address) + run.slice(address.length);
    return replaceQuads(run, replace);
  });
}

/** 192.0.2.77 becomes 192.0.2.0, 2001:db8:1:2::3 becomes 2001:db8:1::. */
export function truncateAddress(address: string): string {
  const dot = address.lastIndexOf(".");
  if (dot >= 0) return `${address.slice(0, dot)}.0`;
  const [before = [], after = []] = address.split("::").map((half) => half.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  const network = [...before, ...zeros, ...after].slice(0, 3);
  return network.every((group) => /^0+$/.test(group)) ? "::" : `${network.join(":")}::`;
}

function replaceQuads(run: string, replace: (address: string) => string): string {
  return run.replaceAll(/(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)/g, (quad) => replace(quad));
}

/** The address a run of hexadecimal digits, colons and dots starts with; what follows may be the end of a sentence. */
function findIpv6(run: string): string | undefined {
  if (run.length > maxAddressLength + 1) return undefined;
  return [run, run.slice(0, -1)].find((candidate) => isIPv6(candidate));
}

function isWordAt(text: string, index: number): boolean {
  return /\w/.test(text[index] ?? "");
}
