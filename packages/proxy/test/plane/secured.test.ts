import { once } from "node:events";
import http2 from "node:http2";
import { connect } from "node:tls";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { defineBoundary } from "@tracemend/context";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Authority, Identity } from "../../../../test/support/certificates.ts";
import { createAuthority } from "../../../../test/support/certificates.ts";
import type { ListenTls, Passed, Proxy } from "../../src/index.ts";
import { createProxy } from "../../src/index.ts";

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const routes = [{ answer: { status: 200, body: "ok" } }];
const boundary = defineBoundary({
  name: "edge",
  side: "ingress",
  cluster: "eu-1",
  policy: {
    start: false,
    trust: "ignore",
    trustRules: [{ when: { identity: ["spiffe://eu/*"] }, trust: "continue" }],
  },
});

let authority: Authority;
let stranger: Authority;
let main: Identity;
let shop: Identity;
let renewed: Identity;
let member: Identity;
let outsider: Identity;
beforeAll(async () => {
  authority = await createAuthority();
  stranger = await createAuthority();
  main = await authority.issue(["localhost"]);
  shop = await authority.issue(["*.shop.example"]);
  renewed = await authority.issue(["localhost", "renewed.example"]);
  member = await authority.issue(["spiffe://eu/ns/shop/sa/cart", "cart.shop.example"]);
  outsider = await stranger.issue(["spiffe://eu/ns/shop/sa/cart"]);
});

let proxy: Proxy;
let passed: Passed[];
const sockets: TLSSocket[] = [];
beforeEach(() => {
  passed = [];
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.close(AbortSignal.abort());
});

async function open(tls: ListenTls): Promise<void> {
  proxy = await createProxy({
    boundary,
    listen: { tls },
    routes,
    observer: { crossed: (one) => void passed.push(one) },
  });
}

async function dial(servername: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port: proxy.address.port, host: "127.0.0.1", servername, ca: authority.ca, ...options });
  sockets.push(socket);
  await once(socket, "secureConnect");
  return socket;
}

async function shown(servername: string): Promise<string | undefined> {
  const socket = await dial(servername, { checkServerIdentity: () => undefined });
  return socket.getPeerX509Certificate()?.subjectAltName;
}

/** One request; the text of the answer, or of what came instead. */
async function ask(socket: TLSSocket): Promise<string> {
  socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\ntraceparent: ${TRACEPARENT}\r\n\r\n`);
  const [chunk] = (await Promise.race([once(socket, "data"), once(socket, "close")])) as [unknown];
  return String(chunk);
}

describe("a listener with several certificates", () => {
  it("shows the one for the name asked for, else the first", async () => {
    await open({ ...main, others: [shop] });
    expect(await shown("a.shop.example")).toBe("DNS:*.shop.example");
    expect(await shown("localhost")).toBe("DNS:localhost");
    expect(await shown("other.example")).toBe("DNS:localhost");
  });

  it("shows others after a change, without a word to open connections", async () => {
    await open({ ...main, others: [shop] });
    const before = await dial("localhost");
    expect(await ask(before)).toMatch(/^HTTP\/1\.1 200 /);
    proxy.reload({ boundary, routes, tls: renewed });
    expect(await shown("localhost")).toBe("DNS:localhost, DNS:renewed.example");
    expect(await shown("a.shop.example")).toBe("DNS:localhost, DNS:renewed.example");
    expect(await ask(before)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("keeps its certificates and rules where new ones cannot be", async () => {
    await open(main);
    const bad = { key: main.key, cert: "no certificate" };
    expect(() => proxy.reload({ boundary, routes: [{ answer: { status: 500 } }], tls: bad })).toThrow(
      "listen.tls is no key with its certificate",
    );
    // OpenSSL takes no key for a listener that has none, and then fails every handshake.
    for (const empty of [{ key: "" }, { cert: "" }, { key: new Uint8Array() }])
      expect(() => proxy.reload({ boundary, routes, tls: { ...main, ...empty } })).toThrow("listen.tls is no key");
    expect(() => proxy.reload({ boundary, routes, tls: { ...main, clientCa: authority.ca } })).toThrow(
      "listen.tls.clientAuth",
    );
    expect(await shown("localhost")).toBe("DNS:localhost");
    expect(await ask(await dial("localhost"))).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe("a listener that asks callers for certificates", () => {
  const verdicts = () => passed.map(({ verdict }) => verdict.reason);

  it("believes the names in a verified one, over HTTP/1.1 and HTTP/2", async () => {
    await open({ ...main, clientCa: authority.ca });
    await ask(await dial("localhost", member));
    const session = http2.connect("https://localhost", {
      createConnection: () => {
        const socket = connect({
          port: proxy.address.port,
          host: "127.0.0.1",
          servername: "localhost",
          ca: authority.ca,
          ...member,
          ALPNProtocols: ["h2"],
        });
        sockets.push(socket);
        return socket;
      },
    });
    const stream = session.request({ traceparent: TRACEPARENT });
    await once(stream, "response");
    session.destroy();
    await expect.poll(verdicts).toEqual(["intact", "intact"]);
    expect(passed.map(({ protocol }) => protocol)).toEqual(["http/1.1", "h2"]);
  });

  it("ends a connection without one, or with one of a stranger's", async () => {
    await open({ ...main, clientCa: authority.ca });
    for (const options of [{}, outsider]) {
      const socket = connect({ port: proxy.address.port, servername: "localhost", ca: authority.ca, ...options });
      sockets.push(socket);
      socket.on("error", () => undefined);
      await new Promise<void>((resolve) => socket.once("close", () => resolve()));
    }
    expect(passed).toEqual([]);
  });

  it("lets them in without names where certificates are optional", async () => {
    await open({ ...main, clientCa: authority.ca, clientAuth: "optional" });
    expect(await ask(await dial("localhost"))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask(await dial("localhost", outsider))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask(await dial("localhost", member))).toMatch(/^HTTP\/1\.1 200 /);
    await expect.poll(verdicts).toEqual(["ignored", "ignored", "intact"]);
  });

  it("is refused where the option contradicts itself", async () => {
    await open(main);
    const wrong = { boundary, listen: { tls: { ...main, clientAuth: "optional" as const } }, routes };
    await expect(createProxy(wrong)).rejects.toThrow('listen.tls.clientAuth is "optional"');
  });
});
