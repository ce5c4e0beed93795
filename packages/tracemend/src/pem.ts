/** Certificate and key files of the configuration, read. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ListenTls, TlsIdentity, UpstreamTls } from "@tracemend/proxy";
import { ConfigError } from "./config-file.ts";
import type { BoundaryTlsConfig, ClientTlsConfig } from "./config-route.ts";

interface Files {
  readonly cert_file: string;
  readonly key_file: string;
}

/** `folder`: where relative names begin. Throws a `ConfigError` that names the key and the file. */
export function serverTlsOf(folder: string, tls: Files | undefined): { tls?: { cert: string; key: string } } {
  return tls === undefined ? {} : { tls: identityOf(folder, tls) };
}

export function listenTlsOf(folder: string, tls: BoundaryTlsConfig | undefined): { tls?: ListenTls } {
  if (tls === undefined) return {};
  const { others, client_ca_file: ca, client_auth: clientAuth } = tls;
  return {
    tls: {
      ...identityOf(folder, tls),
      ...(others === undefined ? {} : { others: others.map((files) => identityOf(folder, files)) }),
      ...(ca === undefined ? {} : { clientCa: readPem(folder, "client_ca_file", ca) }),
      ...(clientAuth === undefined ? {} : { clientAuth }),
    },
  };
}

export function clientTlsOf(
  folder: string,
  tls: ClientTlsConfig | undefined,
): { tls?: UpstreamTls & { ca?: string; cert?: string; key?: string } } {
  if (tls === undefined) return {};
  return {
    tls: {
      ...(tls.ca_file === undefined ? {} : { ca: readPem(folder, "ca_file", tls.ca_file) }),
      ...(tls.cert_file === undefined ? {} : { cert: readPem(folder, "cert_file", tls.cert_file) }),
      ...(tls.key_file === undefined ? {} : { key: readPem(folder, "key_file", tls.key_file) }),
      ...(tls.server_name === undefined ? {} : { serverName: tls.server_name }),
    },
  };
}

function identityOf(folder: string, files: Files): TlsIdentity & { cert: string; key: string } {
  return { cert: readPem(folder, "cert_file", files.cert_file), key: readPem(folder, "key_file", files.key_file) };
}

function readPem(folder: string, key: string, file: string): string {
  const path = resolve(folder, file);
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(
      `${key}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
      {
        cause: error,
      },
    );
  }
}
