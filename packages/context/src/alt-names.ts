/** The names in Node's text of a certificate's subject alternative names. Pure. */

/**
 * URIs (SPIFFE ids) and DNS names, as `DNS:a, URI:spiffe://b, IP Address:1.2.3.4` spells them. Node writes a name that
 * could end itself as a JSON string; one that is none is left out, and with it whatever follows.
 */
export function readAltNames(text: string): readonly string[] {
  const names: string[] = [];
  let at = 0;
  while (at < text.length) {
    const colon = text.indexOf(":", at);
    if (colon < 0) break;
    const kind = text.slice(at, colon);
    const quoted = text.charAt(colon + 1) === '"';
    const end = quoted ? quoteEnd(text, colon + 1) : nextSeparator(text, colon + 1);
    if (end < 0) break;
    const value = text.slice(colon + 1, end);
    const name = quoted ? parseQuoted(value) : value;
    if (name === undefined) break;
    if (kind === "DNS" || kind === "URI") names.push(name);
    at = end + SEPARATOR.length;
  }
  return names;
}

const SEPARATOR = ", ";

function nextSeparator(text: string, from: number): number {
  const end = text.indexOf(SEPARATOR, from);
  return end < 0 ? text.length : end;
}

/** After the closing quote. */
function quoteEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text.charAt(at) === "\\") at += 1;
    else if (text.charAt(at) === '"') return at + 1;
  }
  return -1;
}

function parseQuoted(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
