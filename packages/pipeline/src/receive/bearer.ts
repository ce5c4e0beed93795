/** Tells senders that hold a bearer token (RFC 6750) from those that do not. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Can this be sent as a token? RFC 6750 §2.1, b64token. */
export function isBearerToken(text: string): boolean {
  return /^[\w.~+/-]+=*$/.test(text);
}

/**
 * A test of `authorization` fields; without tokens everybody passes. Throws a TypeError for an empty list and for what
 * cannot be a token, without telling it.
 */
export function defineBearer(tokens: readonly string[] | undefined): (authorization: string | undefined) => boolean {
  if (tokens === undefined) return () => true;
  if (tokens.length === 0) throw new TypeError("receiver option bearerTokens must not be an empty list");
  if (!tokens.every(isBearerToken)) {
    throw new TypeError(
      "receiver option bearerTokens must have tokens of letters, digits and -._~+/, with = at the end",
    );
  }
  // Digests are of one length, and under a key nobody knows the time of comparing them tells nothing.
  const key = randomBytes(32);
  const digest = (text: string): Buffer => createHmac("sha256", key).update(text).digest();
  const known = tokens.map(digest);
  return (authorization) => {
    const token = /^bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return false;
    const given = digest(token);
    return known.reduce((found, one) => timingSafeEqual(one, given) || found, false);
  };
}
