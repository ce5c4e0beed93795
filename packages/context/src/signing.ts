/** The signature in the own member: proves that a border of ours wrote it, for this trace, a short while ago. */
import { toBase64Url } from "./base64url.ts";
import { isLowerHex, parseByte } from "./hex.ts";
import { SIGNATURE_LENGTH } from "./own-member.ts";

/** HMAC-SHA-256 or stronger: bytes, or lower-case hexadecimal. Synchronous. */
export type Hmac = (key: string, text: string) => Uint8Array | string;

export interface SigningOptions {
  readonly hmac: Hmac;
  /** The first signs, all verify: a new key is put first here before it is put first anywhere else. 1 to 4. */
  readonly keys: readonly string[];
  /** A signature is good for one to two windows. Default 300,000. */
  readonly windowMs?: number;
  /** How often one signature is believed: a hop in between may send a request again. Default 4. */
  readonly maxUses?: number;
}

export interface Signing {
  /** 10 characters of base64url: 60 bits. */
  sign(text: string): string;
  /** Counts a use of the signature where it is good. */
  verify(text: string, signature: string): boolean;
}

/** Signatures whose uses are counted, for each window. One that is forgotten is believed `maxUses` times more. */
const MAX_COUNTED = 65_536;

/** The options must be complete and checked. The window is part of what is signed, so it needs no character on the wire. */
export function createSigning(options: Required<SigningOptions>, now: () => number): Signing {
  const { hmac, keys, windowMs, maxUses } = options;
  const windowAt = () => Math.floor(now() / windowMs);
  let counted = 0;
  let uses = new Map<string, number>();
  let usesBefore = new Map<string, number>();

  /** Counts are kept for two windows, as long as a signature is good. */
  function countUse(signature: string, window: number): boolean {
    if (window !== counted) {
      usesBefore = window === counted + 1 ? uses : new Map();
      uses = new Map();
      counted = window;
    }
    const used = (uses.get(signature) ?? usesBefore.get(signature) ?? 0) + 1;
    if (used > maxUses) return false;
    uses.set(signature, used);
    if (uses.size > MAX_COUNTED) uses.delete(uses.keys().next().value as string);
    return true;
  }

  return {
    sign: (text) => signatureOf(hmac, keys[0] as string, windowAt(), text),
    verify(text, signature) {
      if (signature.length !== SIGNATURE_LENGTH) return false;
      const window = windowAt();
      // A border whose clock runs ahead signs with the next window.
      const good = [window, window - 1, window + 1].some((at) =>
        keys.some((key) => isEqual(signatureOf(hmac, key, at, text), signature)),
      );
      return good && countUse(signature, window);
    },
  };
}

function signatureOf(hmac: Hmac, key: string, window: number, text: string): string {
  return toBase64Url(firstBytes(hmac(key, `${window}|${text}`)) ?? "").slice(0, SIGNATURE_LENGTH);
}

/** The first 8 bytes, one in each character; undefined where it is neither bytes nor hexadecimal, or too short. */
export function firstBytes(code: Uint8Array | string): string | undefined {
  let bytes = "";
  if (typeof code === "string") {
    if (code.length < 32 || !isLowerHex(code, 0, code.length)) return undefined;
    for (let at = 0; at < 16; at += 2) bytes += String.fromCharCode(parseByte(code, at));
    return bytes;
  }
  if (!(code instanceof Uint8Array) || code.length < 16) return undefined;
  return String.fromCharCode(...code.subarray(0, 8));
}

/** In the same time wherever the texts differ; both have the same length. */
function isEqual(one: string, other: string): boolean {
  let differing = one.length ^ other.length;
  for (let at = 0; at < other.length; at += 1) differing |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return differing === 0;
}
