/** Whether a certificate's name is one that a rule means: a SPIFFE id or another URI, or a DNS name. */

/**
 * `spiffe://eu/*` stands for everything below; `*.eu.example` for one label more; anything else for itself. A SPIFFE id
 * is compared as it is (SPIFFE-ID, section 2), a DNS name without regard to case.
 */
export function matchesIdentity(pattern: string, identity: string): boolean {
  if (pattern.includes("://")) {
    return pattern.endsWith("/*") ? identity.startsWith(pattern.slice(0, -1)) : identity === pattern;
  }
  if (identity.includes("://")) return false;
  const wanted = pattern.toLowerCase();
  const name = identity.toLowerCase();
  if (!wanted.startsWith("*.")) return name === wanted;
  const dot = name.indexOf(".");
  return dot > 0 && name.slice(dot) === wanted.slice(1);
}
