/** Puts a digest in the place of a value: the same value keeps the same digest, so that spans can still be joined. */
import { createHash, createHmac } from "node:crypto";

/** How many digests are remembered, and for values up to which length: attribute values repeat. */
const maxRemembered = 4_096;
const maxRememberedLength = 256;

/** RFC 2104 §3 discourages keys shorter than the digest. */
export const leastKeyBytes = 32;

/** Hexadecimal SHA-256 of values, keyed (HMAC) when there is a key; written behind the algorithm's name. */
export class Digests {
  /** Where digests stand in a text. Splitting by it keeps them, since it is one group. */
  readonly #written: RegExp;
  readonly #prefix: string;
  readonly #key: string | undefined;
  readonly #remembered = new Map<string, string>();

  constructor(key: string | undefined) {
    this.#key = key;
    this.#prefix = key === undefined ? "sha256:" : "hmac-sha256:";
    this.#written = new RegExp(`(${this.#prefix}[0-9a-f]{64})`);
  }

  /** A value that is a digest already stays one: a batch may pass more than one redaction. */
  of(value: string): string {
    const remembered = this.#remembered.get(value);
    if (remembered !== undefined) return remembered;
    if (value.length === this.#prefix.length + 64 && this.#written.test(value)) return value;
    const hash = this.#key === undefined ? createHash("sha256") : createHmac("sha256", this.#key);
    const digest = this.#prefix + hash.update(value).digest("hex");
    if (value.length <= maxRememberedLength) {
      if (this.#remembered.size === maxRemembered) this.#remembered.clear();
      this.#remembered.set(value, digest);
    }
    return digest;
  }

  /** Applies `change` to a text but for the digests in it. */
  around(text: string, change: (piece: string) => string): string {
    if (!text.includes(this.#prefix)) return change(text);
    return text
      .split(this.#written)
      .map((piece, index) => (index % 2 === 1 ? piece : change(piece)))
      .join("");
  }
}
