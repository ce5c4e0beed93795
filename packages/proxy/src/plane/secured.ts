/** TLS of a listener: which certificate a caller is shown, and the names in the one it shows. */
import type { Duplex } from "node:stream";
import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { SecureContext, SecureContextOptions, TLSSocket, TlsOptions } from "node:tls";
import { readAltNames } from "@tracemend/context";
import { wrong } from "../check.ts";
import type { ListenTls, TlsIdentity } from "./plane.ts";

export interface Secured {
  readonly options: TlsOptions;
  /** What new connections are shown from now on; gives what the server itself must be told. Throws a `TypeError`. */
  change(tls: ListenTls): SecureContextOptions;
}

interface Other {
  readonly certificate: X509Certificate;
  readonly context: SecureContext;
}

export function createSecured(tls: ListenTls): Secured {
  const asks = askOf(tls);
  contextOf(tls, tls, "listen.tls");
  let others = othersOf(tls);
  return {
    options: {
      ...credentialsOf(tls, tls),
      requestCert: asks !== "none",
      rejectUnauthorized: asks === "require",
      SNICallback: (name, done) => {
        done(null, others.find(({ certificate }) => certificate.checkHost(name) !== undefined)?.context);
      },
    },
    change(next) {
      if (askOf(next) !== asks) throw wrong("listen.tls.clientAuth", askOf(next), `${asks} as it was`);
      contextOf(next, next, "listen.tls");
      others = othersOf(next);
      return credentialsOf(next, next);
    },
  };
}

function askOf({ clientCa, clientAuth = "require" }: ListenTls): "none" | "optional" | "require" {
  return clientCa === undefined ? "none" : clientAuth;
}

function othersOf(tls: ListenTls): readonly Other[] {
  return (tls.others ?? []).map((identity, at) => ({
    context: contextOf(identity, tls, `listen.tls.others[${at}]`),
    certificate: new X509Certificate(identity.cert),
  }));
}

/** OpenSSL's own words on what is wrong with a key or certificate, after the option; the texts themselves are secrets. */
function contextOf(identity: TlsIdentity, tls: ListenTls, option: string): SecureContext {
  try {
    // OpenSSL takes none for none wanted; a file that is being written is empty for a moment.
    if (identity.key.length === 0 || identity.cert.length === 0) throw new Error("empty");
    return createSecureContext(credentialsOf(identity, tls));
  } catch (error) {
    throw new TypeError(`${option} is no key with its certificate in PEM (${(error as Error).message})`, {
      cause: error,
    });
  }
}

function credentialsOf({ key, cert }: TlsIdentity, { clientCa }: ListenTls): SecureContextOptions {
  const ca =
    clientCa === undefined || typeof clientCa === "string" || clientCa instanceof Uint8Array ? clientCa : [...clientCa];
  return {
    key: bytes(key),
    cert: bytes(cert),
    ...(ca === undefined ? undefined : { ca: Array.isArray(ca) ? ca.map(bytes) : bytes(ca) }),
  };
}

function bytes(text: string | Uint8Array): string | Buffer {
  return typeof text === "string" ? text : Buffer.from(text);
}

/** On the socket itself: a weak table costs every collection. */
const IDENTITIES = Symbol("names in the peer's certificate, verified");

interface Named extends Duplex {
  [IDENTITIES]?: readonly string[];
}

/** Reads the names of a caller whose certificate was verified, once for a connection. */
export function keepIdentities(socket: TLSSocket): void {
  if (!socket.authorized) return;
  const names = socket.getPeerX509Certificate()?.subjectAltName;
  if (names !== undefined) (socket as Named)[IDENTITIES] = readAltNames(names);
}

export function identitiesOf(socket: Duplex): readonly string[] | undefined {
  return (socket as Named)[IDENTITIES];
}
