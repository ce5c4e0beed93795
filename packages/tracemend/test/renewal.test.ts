import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Authority } from "../../../test/support/certificates.ts";
import { createAuthority } from "../../../test/support/certificates.ts";
import { parseConfig } from "../src/config.ts";
import { createLog } from "../src/log.ts";
import type { Program } from "../src/program.ts";
import { createProgram } from "../src/program.ts";

let folder: string;
let program: Program;
let authority: Authority;
let service: Server;
const sockets: TLSSocket[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "tracemend-renewal-"));
  authority = await createAuthority();
  service = createServer(await authority.issue(["localhost"]), (_request, response) => response.end("ok"));
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  await renew(authority);
  write("ca.pem", authority.ca);
  const text = `
cluster: eu-1
boundaries:
  - name: in
    side: ingress
    listen: "127.0.0.1:0"
    tls: { cert_file: cert.pem, key_file: key.pem }
    routes: [{ upstream: service }]
upstreams:
  service:
    url: "https://localhost:${(service.address() as AddressInfo).port}"
    endpoints: ["127.0.0.1:${(service.address() as AddressInfo).port}"]
    tls: { ca_file: ca.pem }
admin: { listen: "127.0.0.1:0" }
certificates: { settle_ms: 5 }
`;
  program = await createProgram(parseConfig(join(folder, "tracemend.yaml"), text, {}), createLog("error"));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await program.close();
  service.closeAllConnections();
  service.close();
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

async function renew(by: Authority): Promise<void> {
  const { key, cert } = await by.issue(["localhost"]);
  write("key.pem", key);
  write("cert.pem", cert);
}

async function dial(ca: string): Promise<TLSSocket> {
  const port = Number(program.addresses.get("boundary in")?.split(":")[1]);
  const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca });
  sockets.push(socket);
  await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  return socket;
}

async function serial(): Promise<string> {
  const socket = await dial(authority.ca);
  const { serialNumber = "" } = socket.getPeerX509Certificate() ?? {};
  socket.destroy();
  return serialNumber;
}

/** The head of the answer to a request over this connection. */
function ask(socket: TLSSocket): Promise<string> {
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  return new Promise((resolve, reject) => {
    socket.once("data", (chunk: Buffer) => resolve(String(chunk).slice(0, 12))).once("error", reject);
  });
}

async function renewals(outcome: "taken" | "refused"): Promise<number> {
  const text = await (await fetch(`http://${program.addresses.get("admin")}/metrics`)).text();
  return Number(new RegExp(`certificate_renewals_total\\{outcome="${outcome}"\\} (\\d+)`).exec(text)?.[1]);
}

describe("certificate files that change", () => {
  it("are shown to new connections, while those that are open go on", async () => {
    const open = await dial(authority.ca);
    const before = await serial();
    await renew(authority);
    await expect.poll(serial).not.toBe(before);
    expect(await ask(open)).toBe("HTTP/1.1 200");
    await expect.poll(() => renewals("taken")).toBeGreaterThan(0);
  });

  it("and are empty for a moment, as those that are being written, are refused", async () => {
    const before = await serial();
    write("key.pem", "");
    await expect.poll(() => renewals("refused")).toBe(1);
    expect(await serial()).toBe(before);
  });

  it("and are no pair are refused and counted, and those before stay", async () => {
    const before = await serial();
    write("cert.pem", (await authority.issue(["localhost"])).cert);
    await expect.poll(() => renewals("refused")).toBe(1);
    expect(await serial()).toBe(before);
    write("cert.pem", "-----BEGIN CERTIFICATE-----\nhalf of it");
    await expect.poll(() => renewals("refused")).toBe(2);
    expect(await serial()).toBe(before);
    await renew(authority);
    await expect.poll(serial).not.toBe(before);
  });

  it("of an authority decide which services are believed", async () => {
    const caller = await dial(authority.ca);
    expect(await ask(caller)).toBe("HTTP/1.1 200");
    const other = await createAuthority();
    write("ca.pem", other.ca);
    await expect.poll(() => ask(caller)).toBe("HTTP/1.1 502");
    write("ca.pem", "no authority at all");
    await expect.poll(() => renewals("refused")).toBe(1);
    service.setSecureContext(await other.issue(["localhost"]));
    expect(await ask(caller)).toBe("HTTP/1.1 200");
  });

  it("are read with SIGHUP's reload too, and a reload that names others watches those", async () => {
    const before = await serial();
    const identity = await authority.issue(["localhost"]);
    write("second.key", identity.key);
    write("second.pem", identity.cert);
    const port = program.addresses.get("boundary in");
    const text = `
cluster: eu-1
boundaries:
  - name: in
    side: ingress
    listen: "127.0.0.1:0"
    tls: { cert_file: second.pem, key_file: second.key }
    routes: [{ answer: { status: 204 } }]
admin: { listen: "127.0.0.1:0" }
certificates: { settle_ms: 5 }
`;
    await program.reload(parseConfig(join(folder, "tracemend.yaml"), text, {}));
    expect(program.addresses.get("boundary in")).toBe(port);
    const second = await serial();
    expect(second).not.toBe(before);
    const third = await authority.issue(["localhost"]);
    write("second.key", third.key);
    write("second.pem", third.cert);
    await expect.poll(serial).not.toBe(second);
  });
});
