/** A certificate authority of a test's own and leaves signed by it, made in memory. */
import { webcrypto } from "node:crypto";

// @peculiar/x509 registers its parts through a container that refuses to load without the metadata proposal, of which
// it uses nothing.
const nothing = (): undefined => undefined;
Object.assign(Reflect, { getMetadata: nothing, getOwnMetadata: nothing, defineMetadata: nothing });
const {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} = await import("@peculiar/x509");

export interface Identity {
  readonly key: string;
  readonly cert: string;
}

export interface Authority {
  /** PEM. */
  readonly ca: string;
  /** A certificate for these names, addresses and URIs. */
  issue(names: readonly string[]): Promise<Identity>;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const HOUR_MS = 3_600_000;

export async function createAuthority(name = "CN=tracemend test authority"): Promise<Authority> {
  const caKeys = await generateKeys();
  const validity = () => ({ notBefore: new Date(Date.now() - HOUR_MS), notAfter: new Date(Date.now() + HOUR_MS) });
  const root = await X509CertificateGenerator.createSelfSigned(
    {
      name,
      keys: caKeys,
      signingAlgorithm: ALGORITHM,
      ...validity(),
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    },
    webcrypto,
  );
  return {
    ca: root.toString("pem"),
    async issue(names) {
      const keys = await generateKeys();
      const leaf = await X509CertificateGenerator.create(
        {
          subject: "CN=tracemend test leaf",
          issuer: name,
          publicKey: keys.publicKey,
          signingKey: caKeys.privateKey,
          signingAlgorithm: ALGORITHM,
          ...validity(),
          extensions: [new SubjectAlternativeNameExtension(names.map((value) => ({ type: typeOf(value), value })))],
        },
        webcrypto,
      );
      const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
      return { cert: leaf.toString("pem"), key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n` };
    },
  };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function typeOf(name: string): "url" | "ip" | "dns" {
  if (name.includes("://")) return "url";
  return /^[\d.]+$/.test(name) || name.includes(":") ? "ip" : "dns";
}
