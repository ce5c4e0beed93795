/** The admin port: liveness, readiness, metrics and diagnostics, for people and probes on this machine. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** Content-Security-Policy; none where the answer is no page for a browser. */
  readonly policy?: string;
}

/** Path → what answers it, asked anew for each request. */
export type AdminPages = Readonly<Record<string, () => Answer>>;

export interface Admin {
  readonly address: { readonly host: string; readonly port: number };
  close(): Promise<void>;
}

export function jsonAnswer(status: number, value: unknown): Answer {
  return { status, type: "application/json; charset=utf-8", body: `${JSON.stringify(value, undefined, 2)}\n` };
}

export async function createAdmin(listen: { host: string; port: number }, pages: AdminPages): Promise<Admin> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000 }, (request, response) => {
    write(request, response, answer(pages, request));
  });
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen.port, listen.host, () => resolve());
  });
  const { address, port } = server.address() as AddressInfo;
  return { address: { host: address, port }, close: () => close(server) };
}

function answer(pages: AdminPages, request: IncomingMessage): Answer {
  const path = (request.url ?? "/").split("?", 1)[0] as string;
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined) return jsonAnswer(404, { error: `no page ${path}`, pages: Object.keys(pages) });
  if (request.method !== "GET" && request.method !== "HEAD") return jsonAnswer(405, { error: "only GET and HEAD" });
  return page();
}

function write(request: IncomingMessage, response: ServerResponse, { status, type, body, policy }: Answer): void {
  request.resume();
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(policy === undefined ? {} : { "content-security-policy": policy }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
