import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseConfig } from "../src/config.ts";
import { createLog } from "../src/log.ts";
import type { Program } from "../src/program.ts";
import { createProgram } from "../src/program.ts";

interface Texts {
  readonly status?: number;
  readonly listen?: string;
  readonly more?: string;
  readonly tls?: string;
}

function configOf({ status = 200, listen = "127.0.0.1:0", more = "", tls = "" }: Texts) {
  const text = `
cluster: eu-1
boundaries:
  - name: edge
    side: ingress
    listen: ${JSON.stringify(listen)}${tls}
    routes: [{ answer: { status: ${status} } }]
admin: { listen: "127.0.0.1:0" }
${more}`;
  return parseConfig("tracemend.yaml", text, {});
}

let program: Program;
beforeEach(async () => {
  program = await createProgram(configOf({}), createLog("error"));
});
afterEach(() => program.close());

const ask = async () => (await fetch(`http://${program.addresses.get("boundary edge")}`)).status;

describe("a program that is given another configuration", () => {
  it("goes by it from then on, at the same address", async () => {
    const before = program.addresses.get("boundary edge");
    await program.reload(configOf({ status: 404 }));
    expect(program.addresses.get("boundary edge")).toBe(before);
    expect(await ask()).toBe(404);
  });

  it("opens and closes listeners that come and go", async () => {
    const before = program.addresses.get("boundary edge");
    await program.reload(configOf({ status: 201, listen: "127.0.0.2:0" }));
    expect(program.addresses.get("boundary edge")).toMatch(/^127\.0\.0\.2:/);
    expect(await ask()).toBe(201);
    await expect(fetch(`http://${before}`)).rejects.toThrow("fetch failed");
  });

  it.each<[string, Texts]>([
    ["diagnosis: needs a restart", { status: 404, more: "diagnosis: { settle_ms: 1 }" }],
    [
      "upstreams.a.service: needs a restart",
      { status: 404, more: 'upstreams: { a: { url: "http://a", service: b } }' },
    ],
    ["timeouts needs a restart", { status: 404, tls: "\n    timeouts: { idle_ms: 1000 }" }],
    ["limits needs a restart", { status: 404, tls: "\n    limits: { body_bytes: 1000 }" }],
    ["proxy_protocol needs a restart", { status: 404, tls: "\n    proxy_protocol: { trusted: [127.0.0.1] }" }],
    ["cert_file: /", { status: 404, tls: "\n    tls: { cert_file: /nowhere/cert.pem, key_file: k }" }],
  ])("refuses it where it says: %s, and goes on as before", async (text, texts) => {
    await expect(program.reload(configOf(texts))).rejects.toThrow(text);
    expect(await ask()).toBe(200);
  });

  it("goes on as before where a port is taken", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const taken = configOf({ status: 404, listen: `127.0.0.1:${port}` });
    await expect(program.reload(taken)).rejects.toThrow(
      `boundary edge: boundaries.0.listen: 127.0.0.1:${port} is in use; end what listens there, or choose another`,
    );
    expect(await ask()).toBe(200);
    server.close();
  });
});

describe("a program that cannot start", () => {
  it("says which listener's address is taken, and what to do", async () => {
    const taken = program.addresses.get("boundary edge") ?? "";
    const start = (text: string) =>
      createProgram(parseConfig("tracemend.yaml", `cluster: eu-1\n${text}`, {}), createLog("error"));
    const destinations = 'destinations: { a: { endpoint: "http://127.0.0.1:9" } }\n';
    const admin = `admin: { listen: "127.0.0.1:0" }\n`;
    for (const key of ["otlp_grpc", "otlp_http"]) {
      const receivers = `receivers: { ${key}: { listen: "${taken}" } }\n`;
      await expect(start(admin + destinations + receivers)).rejects.toThrow(
        `receivers.${key}.listen: ${taken} is in use; end what listens there, or choose another address (EADDRINUSE)`,
      );
    }
    await expect(start(`admin: { listen: "${taken}" }`)).rejects.toThrow(`admin.listen: ${taken} is in use`);
  });

  it("says that the folder of a queue is a file", async () => {
    const folder = fileURLToPath(import.meta.url);
    const text = `cluster: eu-1
admin: { listen: "127.0.0.1:0" }
destinations: { a: { endpoint: "http://127.0.0.1:9", queue: { storage: { folder: "${folder}" } } } }`;
    await expect(createProgram(parseConfig("tracemend.yaml", text, {}), createLog("error"))).rejects.toThrow(
      `destination a: queue.storage.folder: ${folder} must be a folder, and is a file or lies in one`,
    );
  });
});

describe("a boundary with limits and timeouts of its own", () => {
  it("refuses what is beyond the limits", async () => {
    const tls = "\n    limits: { body_bytes: 10, target_bytes: 20 }";
    const limited = await createProgram(configOf({ tls }), createLog("error"));
    const url = `http://${limited.addresses.get("boundary edge")}`;
    expect((await fetch(url, { method: "POST", body: "x".repeat(10) })).status).toBe(200);
    expect((await fetch(url, { method: "POST", body: "x".repeat(11) })).status).toBe(413);
    expect((await fetch(`${url}/${"x".repeat(20)}`)).status).toBe(414);
    await limited.close();
  });

  it("ends a connection that brings no head in time", async () => {
    const tls = "\n    timeouts: { head_ms: 50 }";
    const impatient = await createProgram(configOf({ tls }), createLog("error"));
    const { port } = new URL(`http://${impatient.addresses.get("boundary edge")}`);
    const slow = connect(Number(port), "127.0.0.1");
    await new Promise((resolve) => slow.once("close", resolve).resume());
    const metrics = await (await fetch(`http://${impatient.addresses.get("admin")}/metrics`)).text();
    expect(metrics).toContain('tracemend_refused_callers_total{boundary="edge",reason="slow-head"} 1');
    await impatient.close();
  });
});

describe("a route that changes fields", () => {
  it("names them as they are, whatever else the configuration renames", async () => {
    const text = `
cluster: eu-1
boundaries:
  - name: edge
    side: ingress
    listen: "127.0.0.1:0"
    routes: [{ answer: { status: 200 }, answer_fields: { set: { x_own_name: "1" } } }]
admin: { listen: "127.0.0.1:0" }`;
    await program.reload(parseConfig("tracemend.yaml", text, {}));
    const answer = await fetch(`http://${program.addresses.get("boundary edge")}`);
    expect(answer.headers.get("x_own_name")).toBe("1");
  });
});
