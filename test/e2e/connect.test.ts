import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthority } from "../support/certificates.ts";
import type { Collector } from "../support/collector.ts";
import { startCollector } from "../support/collector.ts";
import { untilReachable } from "../support/otlp-client.ts";
import type { ProgramProcess } from "../support/program.ts";
import { startProgram } from "../support/program.ts";

const authority = await createAuthority();
const identity = await authority.issue(["shop.example"]);
const run = promisify(execFile);
const hasCurl = await run("curl", ["--version"]).then(
  () => true,
  () => false,
);
if (!hasCurl) process.stdout.write("skipped: CONNECT by curl, which is not installed\n");

const folder = mkdtempSync(join(tmpdir(), "tracemend-connect-"));
const caFile = join(folder, "ca.pem");
writeFileSync(caFile, authority.ca);

const shop = createServer(identity, (_request, response) => response.end("of the shop"));
let collector: Collector;
let program: ProgramProcess;

const config = (routes: string): string => `
cluster: eu-1
boundaries:
  - { name: out, side: egress, listen: "127.0.0.1:0", routes: [${routes}] }
upstreams:
  shop: { url: "tcp://127.0.0.1:${(shop.address() as AddressInfo).port}" }
destinations:
  agent: { endpoint: "http://127.0.0.1:${collector.port}", batch: { max_age_ms: 20 } }
access_log: { format: json }
shutdown: { drain_ms: 1000, flush_ms: 1000 }
admin: { listen: "127.0.0.1:0" }
`;
const TUNNEL = `{ name: partner, match: { authority: "shop.example:443" }, upstream: shop }`;
const NONE = `{ match: { path: /healthz }, answer: { status: 200 } }`;

beforeAll(async () => {
  await new Promise<void>((resolve) => shop.listen(0, "127.0.0.1", resolve));
  collector = await startCollector();
  program = await startProgram(config(`${TUNNEL}, ${NONE}`));
  await untilReachable(program, "agent");
});
afterAll(async () => {
  await program.stop();
  await collector.close();
  shop.closeAllConnections();
  shop.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What the proxy answers to CONNECT, and the tunnel where there is one. */
async function open(to: string): Promise<{ readonly status: number | undefined; readonly socket: Socket }> {
  const { hostname, port } = new URL(program.url("boundary out"));
  const asked = request({ method: "CONNECT", host: hostname, port, path: to, agent: false });
  asked.end();
  const [answer, socket] = (await once(asked, "connect")) as [IncomingMessage, Socket];
  return { status: answer.statusCode, socket };
}

async function askThrough(socket: Socket): Promise<string> {
  const secure = connectTls({ socket, ca: authority.ca, servername: "shop.example" });
  await once(secure, "secureConnect");
  secure.write("GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
  let text = "";
  for await (const chunk of secure) text += String(chunk);
  return text;
}

const curl = async (url: string): Promise<{ readonly out: string; readonly code: unknown; readonly said: string }> =>
  run("curl", ["-sS", "--max-time", "20", "--proxy", program.url("boundary out"), "--cacert", caFile, url]).then(
    ({ stdout }) => ({ out: stdout, code: 0, said: "" }),
    ({ code, stderr }: { code: unknown; stderr: string }) => ({ out: "", code, said: stderr }),
  );

describe("CONNECT through the program", () => {
  it("reaches what a route allows, and is told in log, metrics and two spans", async () => {
    const said = program.said("access");
    const { status, socket } = await open("shop.example:443");
    expect(status).toBe(200);
    expect(await askThrough(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*of the shop/);
    const line = (await said) as { trace_id: string; request_bytes: number; answer_bytes: number };
    expect(line).toMatchObject({
      route: "partner",
      method: "CONNECT",
      authority: "shop.example:443",
      path: "",
      status: 200,
      upstream: "shop",
    });
    expect(line.request_bytes).toBeGreaterThan(200);
    expect(line.answer_bytes).toBeGreaterThan(200);
    const ofTunnel = () => collector.spans.filter(({ traceId }) => traceId === line.trace_id);
    await collector.until(() => ofTunnel().length === 2);
    expect(ofTunnel().map(({ name, kind }) => [name, kind])).toEqual([
      ["CONNECT", 2],
      ["CONNECT", 3],
    ]);
    const { text } = await program.page("/metrics");
    expect(text).toContain(
      'tracemend_route_requests_total{boundary="out",route="partner",status="2xx",failure="none"} 1',
    );
    const bytes = (of: string, count: number) =>
      `tracemend_route_bytes_total{boundary="out",route="partner",of="${of}"} ${count}`;
    expect(text).toContain(bytes("request", line.request_bytes));
    expect(text).toContain(bytes("answer", line.answer_bytes));
  });

  it.each(["shop.example:8443", "other.example:443", "127.0.0.1:443"])("does not reach %s", async (to) => {
    const said = program.said("access");
    const { status, socket } = await open(to);
    expect(status).toBe(403);
    socket.destroy();
    expect(await said).toMatchObject({ method: "CONNECT", authority: to, status: 403, failure: "forbidden" });
  });

  it.skipIf(!hasCurl)("carries what curl asks of a server of TLS, and nothing elsewhere", async () => {
    expect(await curl("https://shop.example/")).toMatchObject({ code: 0, out: "of the shop" });
    expect(await curl("https://other.example/")).toMatchObject({
      code: 56,
      said: expect.stringContaining("403") as string,
    });
  });

  it("goes on in a tunnel that stands when its route is taken away, and opens no other", async () => {
    const { socket } = await open("shop.example:443");
    program.write("tracemend.yaml", config(NONE).replace(/^upstreams:\n.*\n/m, ""));
    const reloaded = program.said("reloaded");
    program.signal("SIGHUP");
    await reloaded;
    const refused = await open("shop.example:443");
    expect(refused.status).toBe(403);
    refused.socket.destroy();
    expect(await askThrough(socket)).toMatch(/of the shop/);
  });
});
