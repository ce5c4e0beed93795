/** One proxy of Node's own parts as a process: `rival.ts <name> <origin port> <key file> <cert file>`; says its ports. */
import { readFileSync } from "node:fs";
import { Agent, createServer } from "node:http";
import type { RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { createProxyServer } from "http-proxy-3";
import { Pool } from "undici";

const [rival = "", originPort = "", keyFile = "", certFile = ""] = process.argv.slice(2);
const target = `http://127.0.0.1:${originPort}`;

/** What one writes by hand in an hour: no trailers, no limits, no failures told apart. */
function undiciByHand(): RequestListener {
  const pool = new Pool(target, { connections: 4_096 });
  return (request, response) => {
    const headers: string[] = [];
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      const name = request.rawHeaders[at] ?? "";
      if (!/^(connection|keep-alive|transfer-encoding)$/i.test(name))
        headers.push(name, request.rawHeaders[at + 1] ?? "");
    }
    const bare = request.method === "GET" || request.method === "HEAD";
    pool.dispatch(
      { path: request.url ?? "/", method: request.method ?? "GET", headers, body: bare ? null : request },
      {
        onRequestStart() {},
        onResponseStart(controller, status) {
          const raw = controller.rawHeaders as Buffer[];
          const lines = raw.map((text) => text.toString("latin1"));
          // undici has undone the chunks.
          const chunked = lines.findIndex((name) => /^transfer-encoding$/i.test(name));
          if (chunked >= 0) lines.splice(chunked, 2);
          response.writeHead(status, lines);
        },
        onResponseData(_controller, chunk) {
          response.write(chunk);
        },
        onResponseEnd() {
          response.end();
        },
        onResponseError() {
          response.destroy();
        },
      },
    );
  };
}

function httpProxy3(): RequestListener {
  const proxy = createProxyServer({ target, agent: new Agent({ keepAlive: true, maxSockets: 4_096 }) });
  return (request, response) => proxy.web(request, response);
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

const listener = rival === "http-proxy-3" ? httpProxy3() : undiciByHand();
// Node closes an idle connection after five seconds, which is less than a busy host takes to open a thousand.
const patient = { keepAliveTimeout: 300_000 };
const http = await listen(createServer(patient, listener));
const identity = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
const tls = await listen(createSecureServer({ ...patient, ...identity }, listener));
process.on("disconnect", () => process.exit());
process.send?.({ http, tls });
