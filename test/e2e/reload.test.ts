import { createServer } from "node:http";
import type { Server } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import type { ClientHttp2Session, Http2Server, ServerHttp2Session } from "node:http2";
import type { AddressInfo, Server as NetServer } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, it } from "vitest";
import { Pool } from "undici";
import type { Authority, Identity } from "../support/certificates.ts";
import { createAuthority } from "../support/certificates.ts";
import { closeAtEnd } from "../support/close-at-end.ts";
import { openProgram } from "../support/opened.ts";
import type { ProgramProcess } from "../support/program.ts";

const REQUESTS = 20_000;
const ROUNDS = 3;
const RELOADS = ROUNDS * 6;

/** Most of the time is the requests' own, on as many cores as there are. */
const TIMEOUT_MS = 600_000;

interface Load {
  count: number;
  readonly failures: string[];
}

/** Instances that ask whoever they answer to come no more over the same connection. */
const draining = new Set<NetServer>();

/** One instance of the service; it ends as most do: takes no more, finishes what is open, drops idle connections. */
async function startInstance(version: string, port = 0): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    if (draining.has(server)) response.setHeader("connection", "close");
    request.once("end", () => response.end(version));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}

interface Http2Instance {
  readonly server: Http2Server;
  readonly sessions: Set<ServerHttp2Session>;
}

async function startHttp2Instance(version: string): Promise<Http2Instance> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2Server((request, response) => {
    request.resume();
    request.once("end", () => response.end(version));
  });
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, sessions };
}

/** GOAWAY to everyone, what is open is finished, nobody is let in any more. Nothing was said before. */
function stopHttp2Instance({ server, sessions }: Http2Instance): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const session of sessions) session.close();
  return closed;
}

function portOf(server: NetServer): number {
  return (server.address() as AddressInfo).port;
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

function stopInstance(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

interface Told {
  readonly servers: readonly NetServer[];
  readonly calls?: readonly Http2Instance[];
  readonly listen: string;
  readonly answer: string;
  readonly workers?: number;
}

function configOf({ servers, calls = [], listen, answer, workers = 1 }: Told): string {
  const endpoints = (all: readonly NetServer[]): string =>
    JSON.stringify(all.map((server) => `127.0.0.1:${portOf(server)}`));
  const over2 = calls.length > 0;
  return `
cluster: eu-1
workers: ${workers}
certificates: { settle_ms: 50 }
boundaries:
  - name: in
    side: ingress
    listen: ${JSON.stringify(listen)}
    tls: { cert_file: cert.pem, key_file: key.pem }
    routes:
      - { match: { path: /version }, answer: { status: 200, body: ${JSON.stringify(answer)} } }
${over2 ? "      - { match: { path_prefix: /calls }, upstream: calls }" : ""}
      - { upstream: service }
upstreams:
  service: { url: "http://service.internal", endpoints: ${endpoints(servers)} }
${over2 ? `  calls: { url: "http://calls.internal", protocol: h2, endpoints: ${endpoints(calls.map(({ server }) => server))} }` : ""}
admin: { listen: "127.0.0.1:0" }
`;
}

/** A caller whose every request fails at once would never let the event loop turn: after so many it gives up. */
const MOST_FAILURES = 10;

/** How long the machine may take for what the next step waits for. */
const STEP_MS = 30_000;

/** Counts what is not a whole answer of 200. */
async function hold(load: Load, ask: () => Promise<number>): Promise<void> {
  try {
    const status = await ask();
    if (status !== 200) load.failures.push(`status ${status}`);
  } catch (error) {
    load.failures.push(String(error));
  }
  load.count += 1;
}

/** Of every four requests one has a body, and one goes to the service over HTTP/2. */
async function overHttp1(load: Load, url: string, ca: string, going: () => boolean): Promise<void> {
  const pool = new Pool(url, { connections: 1, allowH2: false, connect: { ca, servername: "localhost" } });
  closeAtEnd(() => pool.destroy());
  for (let at = 0; going(); at += 1) {
    const post = at % 4 === 0;
    await hold(load, async () => {
      const { statusCode, body } = await pool.request({
        path: at % 4 === 2 ? "/calls" : "/",
        method: post ? "POST" : "GET",
        ...(post ? { body: "hello" } : {}),
      });
      await body.dump();
      return statusCode;
    });
  }
}

async function overHttp2(load: Load, url: string, ca: string, going: () => boolean): Promise<void> {
  const session = connect(url, { ca, servername: "localhost" });
  closeAtEnd(() => session.destroy());
  for (let at = 0; going(); at += 1) await hold(load, () => askHttp2(session, at % 2 === 0 ? "/calls" : "/"));
}

function askHttp2(session: ClientHttp2Session, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":path": path });
    let status = 0;
    stream.once("response", (fields) => (status = Number(fields[":status"])));
    stream
      .once("error", reject)
      .once("end", () => resolve(status))
      .resume();
  });
}

/** The serial number of the certificate a new connection is shown. */
function shown(url: string, ca: string): Promise<string> {
  const { port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port: Number(port), host: "127.0.0.1", servername: "localhost", ca });
    socket.once("error", reject).once("secureConnect", () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? "");
      socket.destroy();
    });
  });
}

class Operator {
  readonly #program: ProgramProcess;
  readonly #authority: Authority;
  readonly #listen: string;

  constructor(program: ProgramProcess, authority: Authority) {
    this.#program = program;
    this.#authority = authority;
    this.#listen = new URL(program.url("boundary in")).host;
  }

  async reload(told: Omit<Told, "listen">): Promise<void> {
    this.#program.write("tracemend.yaml", configOf({ ...told, listen: this.#listen }));
    const reloaded = this.#program.said("reloaded");
    this.#program.signal("SIGHUP");
    await reloaded;
  }

  /** New files; the program notices. */
  async renew(): Promise<void> {
    const renewed = this.#program.said("certificates renewed");
    const identity: Identity = await this.#authority.issue(["localhost"]);
    this.#program.write("key.pem", identity.key);
    this.#program.write("cert.pem", identity.cert);
    await renewed;
  }
}

it.each([1, 2])(
  "fails no request while configuration and certificates reload and upstreams roll, workers: %i",
  { timeout: TIMEOUT_MS },
  async (workers) => {
    const authority = await createAuthority();
    const first = await authority.issue(["localhost"]);
    let servers = [await startInstance("0"), await startInstance("0")];
    let calls = [await startHttp2Instance("0"), await startHttp2Instance("0")];
    closeAtEnd(() => Promise.all([...servers.map(stopInstance), ...calls.map(stopHttp2Instance)]));
    // A port that is the kernel's choice at first: a configuration that says so again means the same listener.
    const probe = await startInstance("probe");
    const listen = `127.0.0.1:${portOf(probe)}`;
    await stopInstance(probe);
    const files = { "cert.pem": first.cert, "key.pem": first.key };
    const program = await openProgram(configOf({ servers, calls, listen, answer: "0", workers }), files);
    const url = `https://${listen}`;

    const load: Load = { count: 0, failures: [] };
    let rolling = true;
    const going = (): boolean => (rolling || load.count < REQUESTS) && load.failures.length < MOST_FAILURES;
    let reloads = 0;
    /** The changes are spread over the load. */
    const turn = (): Promise<void> => {
      reloads += 1;
      return expect
        .poll(() => load.failures.length > 0 || load.count >= (reloads * REQUESTS) / (RELOADS + 1), {
          timeout: TIMEOUT_MS,
        })
        .toBe(true);
    };
    const callers = [
      ...Array.from({ length: 6 }, () => overHttp1(load, url, authority.ca, going)),
      ...Array.from({ length: 2 }, () => overHttp2(load, url, authority.ca, going)),
    ];

    const operator = new Operator(program, authority);
    const serials = new Set<string>();
    for (let version = 1; version <= ROUNDS; version += 1) {
      const answer = String(version);
      for (const at of [0, 1]) {
        const [leaving, staying] = [servers[at] as Server, servers[1 - at] as Server];
        await operator.renew();
        serials.add(await shown(url, authority.ca));
        await turn();
        // It asks all who come to go before it is taken out, and is let go once nobody can be on the way to it any more:
        // a request with a body that meets the end of its connection could not be sent twice.
        draining.add(leaving);
        await turn();
        await operator.reload({ servers: [staying], calls, answer, workers });
        await expect.poll(() => connectionsOf(leaving), { timeout: STEP_MS }).toBe(0);
        await stopInstance(leaving);
        servers = servers.with(at, await startInstance(answer));
        // Over HTTP/2 a service can say which requests it has not seen: it goes unannounced, and another comes.
        const gone = stopHttp2Instance(calls[at] as Http2Instance);
        await turn();
        calls = calls.with(at, await startHttp2Instance(answer));
        await operator.reload({ servers, calls, answer, workers });
        await gone;
      }
    }
    const refused = program.said("not reloaded");
    program.write("tracemend.yaml", "cluster: [");
    program.signal("SIGHUP");
    expect(await refused).toMatchObject({ error: expect.stringContaining("tracemend.yaml:1") });
    rolling = false;
    await Promise.all(callers);

    expect(load.failures).toEqual([]);
    expect(load.count).toBeGreaterThanOrEqual(REQUESTS);
    expect([reloads, serials.size]).toEqual([RELOADS, ROUNDS * 2]);
    const pool = new Pool(url, { allowH2: false, connect: { ca: authority.ca, servername: "localhost" } });
    closeAtEnd(() => pool.destroy());
    const { body } = await pool.request({ path: "/version", method: "GET" });
    expect(await body.text()).toBe(String(ROUNDS));
  },
);

it("moves safe requests away from an instance that goes without a word", async () => {
  let servers = [await startInstance("0"), await startInstance("0")];
  closeAtEnd(() => Promise.all(servers.map(stopInstance)));
  const config = configOf({ servers, listen: "127.0.0.1:0", answer: "0" }).replace(/^ {4}tls:.*$/m, "");
  const program = await openProgram(config);
  const url = program.url("boundary in");
  const load: Load = { count: 0, failures: [] };
  let rolling = true;
  const going = (): boolean => (rolling || load.count < 2_000) && load.failures.length < MOST_FAILURES;
  const callers = Array.from({ length: 4 }, async () => {
    const pool = new Pool(url, { connections: 1 });
    closeAtEnd(() => pool.destroy());
    while (going()) {
      await hold(load, async () => {
        const { statusCode, body } = await pool.request({ path: "/", method: "GET" });
        await body.dump();
        return statusCode;
      });
    }
  });
  for (let round = 0; round < 3; round += 1) {
    for (const [at, server] of servers.entries()) {
      const port = portOf(server);
      await stopInstance(server);
      const before = load.count;
      await expect.poll(() => load.count, { timeout: STEP_MS }).toBeGreaterThan(before + 50);
      servers = servers.with(at, await startInstance("1", port));
    }
  }
  rolling = false;
  await Promise.all(callers);
  expect(load.failures).toEqual([]);
});
