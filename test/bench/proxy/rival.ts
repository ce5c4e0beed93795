/** One proxy as a process: `rival.ts <name> <origin port>`; says its port, and on request the CPU time it has used. */
import { randomFillSync } from "node:crypto";
import { Agent, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createIds, defineBoundary } from "@tracemend/context";
import { createProxy } from "@tracemend/proxy";
import { createProxyServer } from "http-proxy-3";
import { Pool } from "undici";

const [rival = "", originPort = ""] = process.argv.slice(2);
const target = `http://127.0.0.1:${originPort}`;

async function startTracemend(spans: boolean): Promise<number> {
  const ids = createIds(randomFillSync);
  let finished = 0;
  const proxy = await createProxy({
    boundary: defineBoundary({ name: "edge", side: "egress", cluster: "eu-1" }),
    listen: {},
    routes: [{ upstream: { name: "origin", url: target } }],
    ...(spans
      ? {
          spans: {
            grant: () => ({
              spans: { traceId: ids.traceId(), serverSpanId: ids.spanId(), clientSpanId: ids.spanId() },
              finish: () => void (finished += 1),
              release() {},
            }),
          },
        }
      : {}),
  });
  return proxy.address.port;
}

/** What one writes by hand in an hour: no trailers, no limits, no failures told apart. */
function startUndici(): Promise<number> {
  const pool = new Pool(target, { connections: 128 });
  const server = createServer((request, response) => {
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
          response.writeHead(
            status,
            raw.map((text) => text.toString("latin1")),
          );
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
  });
  return listen(server);
}

function startHttpProxy3(): Promise<number> {
  const proxy = createProxyServer({ target, agent: new Agent({ keepAlive: true, maxSockets: 128 }) });
  return listen(createServer((request, response) => proxy.web(request, response)));
}

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

const STARTS: Readonly<Record<string, () => Promise<number>>> = {
  tracemend: () => startTracemend(true),
  "tracemend without spans": () => startTracemend(false),
  "node:http + undici": startUndici,
  "http-proxy-3": startHttpProxy3,
};

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
process.on("disconnect", () => process.exit());
const port = await STARTS[rival]?.();
process.send?.(port);
