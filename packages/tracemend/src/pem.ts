/** Certificate and key files of the configuration, read. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createSecureContext } from "node:tls";
import type { ListenTls, TlsIdentity, UpstreamTls } from "@tracemend/proxy";
import { ConfigError } from "./config-file.ts";
import type { BoundaryTlsConfig, ClientTlsConfig, ServerTlsConfig } from "./config-route.ts";

interface Files {
  readonly cert_file: string;
  readonly key_file: string;
}

/** The text of a file that the configuration names under `key`. Throws a `ConfigError` that names both. */
export type PemSource = (key: string, file: string) => string;

/** `folder`: where relative names begin. */
export function pemFilesIn(folder: string): PemSource {
  return (key, file) => readPem(key, resolve(folder, file));
}

/** What a source gave, by absolute path: the same texts for whoever comes later, whatever the files have become. */
export interface PemTexts {
  readonly source: PemSource;
  readonly texts: ReadonlyMap<string, string>;
}

/** Reads each file once, when it is first asked for. `texts`: read before. */
export function rememberPems(folder: string, texts: ReadonlyMap<string, string> = new Map()): PemTexts {
  const held = new Map(texts);
  const source: PemSource = (key, file) => {
    const path = resolve(folder, file);
    const text = held.get(path) ?? readPem(key, path);
    held.set(path, text);
    return text;
  };
  return { source, texts: held };
}

export function serverTlsOf(
  pems: PemSource,
  tls: ServerTlsConfig | undefined,
): { tls?: { cert: string; key: string; ca?: string } } {
  if (tls === undefined) return {};
  const { client_ca_file: ca } = tls;
  return {
    tls: { ...identityOf(pems, tls), ...(ca === undefined ? {} : { ca: authorityOf(pems, "client_ca_file", ca) }) },
  };
}

export function listenTlsOf(pems: PemSource, tls: BoundaryTlsConfig | undefined): { tls?: ListenTls } {
  if (tls === undefined) return {};
  const { others, client_ca_file: ca, client_auth: clientAuth } = tls;
  return {
    tls: {
      ...identityOf(pems, tls),
      ...(others === undefined ? {} : { others: others.map((files) => identityOf(pems, files)) }),
      ...(ca === undefined ? {} : { clientCa: authorityOf(pems, "client_ca_file", ca) }),
      ...(clientAuth === undefined ? {} : { clientAuth }),
    },
  };
}

/** Throws a `ConfigError` also where key and certificate are no pair: else only a connection would tell. */
export function clientTlsOf(
  pems: PemSource,
  tls: ClientTlsConfig | undefined,
): { tls?: UpstreamTls & { ca?: string; cert?: string; key?: string } } {
  if (tls === undefined) return {};
  const texts = {
    ...(tls.ca_file === undefined ? {} : { ca: authorityOf(pems, "ca_file", tls.ca_file) }),
    ...(tls.cert_file === undefined ? {} : { cert: pems("cert_file", tls.cert_file) }),
    ...(tls.key_file === undefined ? {} : { key: pems("key_file", tls.key_file) }),
  };
  try {
    createSecureContext(texts);
  } catch (error) {
    const files = [tls.ca_file, tls.cert_file, tls.key_file].filter((file) => file !== undefined).join(", ");
    throw new ConfigError(`tls: ${files}: no PEM that fits together (${(error as Error).message})`, { cause: error });
  }
  return { tls: { ...texts, ...(tls.server_name === undefined ? {} : { serverName: tls.server_name }) } };
}

/** OpenSSL passes over an authority that it cannot read; then no peer would be verified. */
function authorityOf(pems: PemSource, key: string, file: string): string {
  const text = pems(key, file);
  try {
    void new X509Certificate(text);
    return text;
  } catch (error) {
    throw new ConfigError(`${key}: ${file}: no certificate in PEM`, { cause: error });
  }
}

function identityOf(pems: PemSource, files: Files): TlsIdentity & { cert: string; key: string } {
  return { cert: pems("cert_file", files.cert_file), key: pems("key_file", files.key_file) };
}

/** An empty one is none: OpenSSL would take it for a key or certificate that nobody wanted. */
function readPem(key: string, path: string): string {
  try {
    const text = readFileSync(path, "utf8");
    if (text.trim() === "") throw new Error("it is empty");
    return text;
  } catch (error) {
    throw new ConfigError(
      `${key}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`,
      {
        cause: error,
      },
    );
  }
}
