import http2 from "node:http2";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Authority } from "../../../../test/support/certificates.ts";
import { createAuthority } from "../../../../test/support/certificates.ts";
import { dialLenient } from "../../../../test/support/lenient-peer.ts";
import type { UpstreamOptions } from "../../src/index.ts";
import { openBorder } from "../border.ts";

let authority: Authority;
let identity: { key: string; cert: string };
beforeAll(async () => {
  authority = await createAuthority();
  identity = await authority.issue(["localhost", "svc.internal"]);
});

interface TlsService {
  readonly port: number;
  /** The name each connection asked for. */
  readonly names: unknown[];
  readonly protocols: (string | false | null)[];
  close(): Promise<void>;
}

async function startTls(alpn: readonly string[], port = 0): Promise<TlsService> {
  const names: unknown[] = [];
  const protocols: (string | false | null)[] = [];
  const sockets = new Set<Socket>();
  const server = alpn.includes("h2")
    ? http2.createSecureServer({ ...identity, allowHTTP1: true }, (request, response) =>
        response.end(`over h${request.httpVersionMajor} to ${request.url}`),
      )
    : https.createServer({ ...identity, ALPNProtocols: [...alpn] }, (request, response) =>
        response.end(`over h1 to ${request.url}`),
      );
  server.on("secureConnection", (socket: TLSSocket) => {
    names.push(socket.servername);
    protocols.push(socket.alpnProtocol);
    sockets.add(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    names,
    protocols,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** One request for each host, on one connection, one after the other. */
async function ask(port: number, hosts: readonly string[], method = "GET"): Promise<string> {
  const caller = await dialLenient(port);
  const body = method === "GET" ? "\r\n" : "Content-Length: 1\r\n\r\nx";
  for (const [at, host] of hosts.entries()) {
    const last = at === hosts.length - 1;
    caller.send(`${method} /${at} HTTP/1.1\r\nHost: ${host}\r\n${last ? "Connection: close\r\n" : ""}${body}`);
    if (!last) await caller.until(`to /${at}`);
  }
  return caller.closed;
}

describe("an upstream over TLS", () => {
  it.each(["http/1.1", "h2", "auto"] as const)(
    "is asked for by its own name whatever the callers' Host, over one connection (%s)",
    async (protocol) => {
      const service = await startTls(["h2", "http/1.1"]);
      const border = await openBorder({
        url: `https://localhost:${service.port}`,
        protocol,
        tls: { ca: authority.ca },
      });
      const hosts = ["a.example", "b.example", "c.example", "a.example"];
      await ask(border.port, hosts);
      // With `auto` one connection asks what is spoken before there is a request to send.
      expect(service.names).toEqual(Array.from({ length: protocol === "auto" ? 2 : 1 }, () => "localhost"));
      await ask(border.port, hosts, "POST");
      expect(new Set(service.names)).toEqual(new Set(["localhost"]));
      await border.close();
      await service.close();
    },
  );

  it("may be asked for by another name, or by address without a name", async () => {
    const service = await startTls(["http/1.1"]);
    const url = `https://127.0.0.1:${service.port}`;
    const named = await openBorder({ url, tls: { ca: authority.ca, serverName: "svc.internal" } });
    expect(await ask(named.port, ["a.example"])).toMatch(/^HTTP\/1\.1 200 /);
    const byAddress = await openBorder({ url, tls: { ca: authority.ca, rejectUnauthorized: false } });
    expect(await ask(byAddress.port, ["a.example"])).toMatch(/^HTTP\/1\.1 200 /);
    expect(service.names.at(0)).toBe("svc.internal");
    expect(service.names.at(-1)).toBe(false);
    await named.close();
    await byAddress.close();
    await service.close();
  });

  it.each([
    [["h2", "http/1.1"], "h2"],
    [["http/1.1"], "h1"],
  ])("that offers %j is spoken to over %s where ALPN may choose", async (alpn, version) => {
    const service = await startTls(alpn);
    const border = await openBorder({ url: `https://localhost:${service.port}`, tls: { ca: authority.ca } });
    expect(await ask(border.port, ["a"])).toContain(`over ${version}`);
    await border.close();
    await service.close();
  });

  it("that comes back speaking another version is asked anew", async () => {
    const service = await startTls(["h2", "http/1.1"]);
    const border = await openBorder({ url: `https://localhost:${service.port}`, tls: { ca: authority.ca } });
    expect(await ask(border.port, ["a"])).toContain("over h2");
    await service.close();
    const older = await startTls(["http/1.1"], service.port);
    await expect.poll(() => ask(border.port, ["a"])).toContain("over h1");
    await older.close();
    const newer = await startTls(["h2", "http/1.1"], service.port);
    expect(await ask(border.port, ["a"])).toContain("over h");
    await border.close();
    await newer.close();
  });

  it("whose certificate is not trusted cannot be reached, and one that declines h2 either", async () => {
    const service = await startTls(["http/1.1"]);
    const url = `https://localhost:${service.port}`;
    const options: Omit<UpstreamOptions, "name">[] = [
      { url, protocol: "http/1.1" },
      { url },
      { url, protocol: "h2", tls: { ca: authority.ca } },
    ];
    for (const upstream of options) {
      const border = await openBorder(upstream);
      expect(await ask(border.port, ["a"])).toMatch(/^HTTP\/1\.1 502 /);
      expect(border.crossings[0]?.failure).toEqual({ kind: "unreachable", side: "upstream" });
      await border.close();
    }
    await service.close();
  });
});

describe("a listener over TLS", () => {
  let service: TlsService;
  let border: Awaited<ReturnType<typeof openBorder>>;
  beforeAll(async () => {
    service = await startTls(["http/1.1"]);
    const upstream = { url: `https://localhost:${service.port}`, tls: { ca: authority.ca } };
    border = await openBorder(upstream, { listen: { tls: identity } });
  });
  afterAll(async () => {
    await border.close();
    await service.close();
  });

  it("speaks h2 and HTTP/1.1 on one port, as ALPN says", async () => {
    const session = http2.connect(`https://localhost:${border.port}`, { ca: authority.ca });
    const stream = session.request();
    expect(await new Promise((resolve) => stream.once("response", (fields) => resolve(fields[":status"])))).toBe(200);
    session.destroy();
    const status = await new Promise((resolve) =>
      https.get({ port: border.port, host: "localhost", ca: authority.ca, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }),
    );
    expect(status).toBe(200);
    const seen = () => border.crossings.map(({ protocol, scheme }) => `${protocol} ${scheme}`).sort();
    await expect.poll(seen).toEqual(["h2 https", "http/1.1 https"]);
  });
});
