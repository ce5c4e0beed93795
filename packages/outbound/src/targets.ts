/** The allow-list of targets: which hosts may see the context of a request. */
import { BlockList, isIP, isIPv6 } from "node:net";

/** Whether calls to this host carry trace fields. An undefined port matches no pattern that names one. */
export type Targets = (host: string, port: number | undefined) => boolean;

/**
 * `orders`, `orders:8080`, `*.shop.internal` (the names below, not the name itself), `10.0.0.0/8`, `fd00::/8`,
 * `[::1]:8080`, or `*` for every host. Throws a `TypeError` that names the option and the value.
 */
export function defineTargets(patterns: readonly string[]): Targets {
  const exact = new Set<string>();
  const suffixes: string[] = [];
  const networks = new BlockList();
  let every = false;
  for (const pattern of patterns) {
    const text = pattern.toLowerCase();
    if (text === "*") every = true;
    else if (text.includes("/")) addNetwork(networks, text, pattern);
    else if (text.startsWith("*.")) suffixes.push(nameOf(text.slice(1), pattern));
    else exact.add(isIPv6(text) ? text : nameOf(text, pattern));
  }
  return (host, port) => {
    if (every) return true;
    const name = plainHost(host);
    if (exact.has(name)) return true;
    if (port !== undefined && exact.has(isIPv6(name) ? `[${name}]:${port}` : `${name}:${port}`)) return true;
    const version = isIP(name);
    if (version !== 0) return networks.check(name, version === 6 ? "ipv6" : "ipv4");
    return suffixes.some((suffix) => endsWith(name, port, suffix));
  };
}

/** Lower case, without the brackets of IPv6 and the dot that ends an absolute name. */
function plainHost(host: string): string {
  const name = host.toLowerCase();
  if (name.startsWith("[") && name.endsWith("]")) return name.slice(1, -1);
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

function endsWith(name: string, port: number | undefined, suffix: string): boolean {
  const at = suffix.indexOf(":");
  if (at < 0) return name.endsWith(suffix);
  return suffix.slice(at + 1) === String(port) && name.endsWith(suffix.slice(0, at));
}

function addNetwork(networks: BlockList, text: string, pattern: string): void {
  const [address = "", prefix = ""] = text.split("/");
  const version = isIP(address);
  const bits = Number(prefix);
  if (version === 0 || prefix === "" || !Number.isInteger(bits) || bits < 0 || bits > (version === 6 ? 128 : 32))
    throw wrong(pattern);
  networks.addSubnet(address, bits, version === 6 ? "ipv6" : "ipv4");
}

/** What stands in a URL between `//` and the path, and nothing else. */
function nameOf(text: string, pattern: string): string {
  const name = text.startsWith(".") ? text.slice(1) : text;
  const url = URL.parse(`tm://${name}`);
  const plain = url !== null && url.host === name && url.username === "" && url.pathname === "" && url.search === "";
  if (!plain || name.includes("*") || name === "") throw wrong(pattern);
  return isIPv6(plainHost(name)) && name.endsWith("]") ? plainHost(name) : text;
}

function wrong(pattern: string): TypeError {
  return new TypeError(
    `targets has ${JSON.stringify(pattern)}; it must be a host, host:port, *.suffix, a network such as 10.0.0.0/8, or *`,
  );
}
