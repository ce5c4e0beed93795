/** Which IP addresses are meant by a list of addresses and CIDR ranges. */
import { BlockList, isIP } from "node:net";
import { wrong } from "./check.ts";

/** Throws a `TypeError` that names the option and the range. */
export function completeRanges(ranges: readonly string[], option: string): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) addRange(list, range, option);
  return (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function addRange(list: BlockList, range: string, option: string): void {
  const slash = range.indexOf("/");
  const address = slash < 0 ? range : range.slice(0, slash);
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  const longest = family === "ipv6" ? 128 : 32;
  const prefix = slash < 0 ? longest : Number(range.slice(slash + 1));
  if (isIP(address) === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > longest || range.endsWith("/"))
    throw wrong(option, range, "an IP address or a CIDR range");
  list.addSubnet(address, prefix, family);
}
